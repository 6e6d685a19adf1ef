import { identityOf } from '../plugin-options.js';
import { markEvent, markPlugin, type NriPluginMark } from '../plugin-functions.js';

/**
 * Names the plugin that a class is: `@NriPlugin({ name: 'logger', index: '10' })`. What is left out comes from the
 * environment, where the runtime starts the plugin. The class is a provider of Nest, too.
 */
export function NriPlugin(mark: NriPluginMark = {}): ClassDecorator {
  return (target) => {
    // What is said here is checked here, where it is seen.
    identityOf({ name: mark.name ?? 'x', index: mark.index ?? '00' });
    markPlugin(target, mark);
  };
}

/**
 * A method that handles an event of NRI: the one of its name (`createContainer`), or the named one. A class with such
 * methods subscribes to no other event.
 */
export function NriEvent(event?: string): MethodDecorator {
  return (prototype, property) => markEvent(prototype, String(property), event ?? String(property));
}
