import { readArguments } from '../arguments.js';
import type { Commands } from '../command.js';
import { namesOf, schemaOf } from '../schema/target.js';
import { nameOf } from '../../schema/codec/reflection.js';

/**
 * What the last of `words` can be: a command, a flag, or a service or method of the server that is named before it. Empty
 * where nothing is known, such as for files.
 */
export async function complete(commands: Commands, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const starting = (names: readonly string[]): string[] => names.filter((name) => name.startsWith(current));
  const [name] = before;
  if (name === undefined) return starting(commands.names);
  if (!commands.names.includes(name)) return [];
  const command = commands.load(name);
  if (current.startsWith('-')) return starting([...Object.keys(command.flags), 'help'].map((name) => `--${name}`));
  const last = Object.entries(command.flags).find(
    ([flag, { short }]) => before.at(-1) === `--${flag}` || (short !== undefined && before.at(-1) === `-${short}`),
  );
  if (last?.[1].type === 'string') return starting(last[1].choices ?? []);
  const args = readArguments({ ...command, required: 0 }, before.slice(1));
  const [source] = args.positionals;
  switch (command.positionals[args.positionals.length]) {
    case 'shell':
      return starting(['bash', 'zsh', 'fish']);
    case 'service':
      return source === undefined ? [] : starting(await namesOf(source, args));
    case 'method':
    case 'symbol': {
      if (source === undefined) return [];
      if (!current.includes('/')) {
        const services = starting(await namesOf(source, args));
        return services.map((name) => `${name}/`);
      }
      const asked = current.slice(0, current.indexOf('/'));
      const service = (await schemaOf(source, args, asked)).service(asked);
      return starting(service.methodsArray.map((method) => `${nameOf(service)}/${method.name}`));
    }
    default:
      return [];
  }
}
