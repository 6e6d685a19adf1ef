import { TtrpcError } from '../protocol/core/errors.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { didYouMean } from '../protocol/core/suggest.js';
import { EVENT_NAMES, OTHER_HANDLERS, type NriEventName } from './events.js';

/** A handler, bound to its plugin. */
export type NriFunction = (request: unknown, context: unknown) => unknown;

/** The functions of a plugin by the event that they handle. */
export type NriFunctions = Partial<Record<NriEventName | (typeof OTHER_HANDLERS)[number], NriFunction>>;

const PLUGIN = Symbol.for('nestjs-ttrpc.nri.plugin');
const EVENTS_OF = Symbol.for('nestjs-ttrpc.nri.events');
const NAMES: readonly string[] = [...EVENT_NAMES, ...OTHER_HANDLERS];

interface Marked {
  [PLUGIN]?: NriPluginMark;
  [EVENTS_OF]?: ReadonlyMap<string, string>;
}

/** What `@NriPlugin` says. */
export interface NriPluginMark {
  readonly name?: string | undefined;
  readonly index?: string | undefined;
}

/** Notes what `@NriPlugin` says of a class. */
export function markPlugin(target: object, mark: NriPluginMark): void {
  Object.defineProperty(target, PLUGIN, { value: mark, configurable: true });
}

/** What `@NriPlugin` said of the class of `plugin`, if anything. */
export function pluginMark(plugin: object): NriPluginMark {
  return (plugin.constructor as Marked | undefined)?.[PLUGIN] ?? {};
}

/** Notes that a method of a class handles an event. Throws for a name that no event has. */
export function markEvent(prototype: object, property: string, event: string): void {
  const name = event.charAt(0).toLowerCase() + event.slice(1);
  if (!NAMES.includes(name)) {
    throw new TtrpcError(
      TtrpcStatus.INVALID_ARGUMENT,
      `@NriEvent on ${prototype.constructor.name}.${property}: NRI has no event '${event}'.${didYouMean(name, NAMES)}`,
    );
  }
  const events = new Map((prototype as Marked)[EVENTS_OF]);
  events.set(name, property);
  Object.defineProperty(prototype, EVENTS_OF, { value: events, configurable: true });
}

/**
 * The functions of a plugin: the methods with `@NriEvent` of a class that has any, else those whose names are those of
 * events; `configure`, `synchronize` and `shutdown` count by their names in any case.
 * @throws INVALID_ARGUMENT when there is none, and for a function of an object literal whose name is not that of an event
 */
export function functionsOf(plugin: object): NriFunctions {
  const marked = (plugin as Marked)[EVENTS_OF];
  refuseUnknown(plugin);
  const functions: NriFunctions = {};
  for (const name of [...EVENT_NAMES, ...OTHER_HANDLERS]) {
    const byName = marked === undefined || (OTHER_HANDLERS as readonly string[]).includes(name);
    const property = marked?.get(name) ?? (byName ? name : undefined);
    const method: unknown = property === undefined ? undefined : Reflect.get(plugin, property);
    if (typeof method === 'function') functions[name] = method.bind(plugin) as NriFunction;
  }
  if (Object.keys(functions).length > 0) return functions;
  throw new TtrpcError(
    TtrpcStatus.INVALID_ARGUMENT,
    `an NRI plugin has at least one function for an event, such as createContainer: ${plugin.constructor?.name ?? 'this object'} has none`,
  );
}

/** A class may have other methods. In an object literal a function of another name is a mistake: nobody would call it. */
function refuseUnknown(plugin: object): void {
  if (Object.getPrototypeOf(plugin) !== Object.prototype) return;
  for (const [name, value] of Object.entries(plugin)) {
    if (typeof value !== 'function' || NAMES.includes(name)) continue;
    throw new TtrpcError(
      TtrpcStatus.INVALID_ARGUMENT,
      `an NRI plugin has the function '${name}', but NRI has no such event.${didYouMean(name, NAMES)}`,
    );
  }
}
