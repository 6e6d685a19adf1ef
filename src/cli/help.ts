import type { Commands, FlagSpec } from './command.js';

/** The help of `ttrpc` itself. */
export function overview({ summaries }: Commands, version: string): string {
  const width = Math.max(...Object.keys(summaries).map((name) => name.length));
  return [
    `ttrpc ${version}: calls, describes, measures and watches ttrpc servers`,
    '',
    'Usage: ttrpc <command> [flags] <arguments>',
    '',
    'Commands:',
    ...Object.entries(summaries).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Addresses: unix:///path, unix:path, unix-abstract:name, tcp://host:port or a plain path.',
    'ttrpc <command> --help shows the flags of a command; ttrpc --version the version.',
    '',
  ].join('\n');
}

/** The help of one command. */
export function helpOf(commands: Commands, name: string): string {
  const { usage, flags, notes = [] } = commands.load(name);
  const summary = commands.summaries[name] ?? '';
  const rows = Object.entries(flags).map(([flag, spec]) => [formOf(flag, spec), spec.help] as const);
  rows.push(['    --help', 'show this']);
  const width = Math.max(...rows.map(([form]) => form.length));
  return [
    `Usage: ttrpc ${name} [flags] ${usage}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    'Flags:',
    ...rows.map(([form, help]) => `  ${form.padEnd(width)}  ${help}`),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
  ].join('\n');
}

function formOf(flag: string, { short, type, value = 'value' }: FlagSpec): string {
  const letter = short === undefined ? '    ' : `-${short}, `;
  return `${letter}--${flag}${type === 'string' ? ` ${value}` : ''}`;
}
