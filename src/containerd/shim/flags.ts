import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';

/** What a shim is started with. */
export interface ShimFlags {
  /** `start`, `delete`, or our own `daemon`; empty to serve in the foreground. */
  readonly action: string;
  readonly namespace: string;
  readonly id: string;
  /** containerd's gRPC address. */
  readonly address: string;
  /** The folder of the container's config.json. */
  readonly bundle: string;
  readonly debug: boolean;
  /** `-v`: print the version and end. */
  readonly version: boolean;
  /** `-info`: print what the shim is, as a RuntimeInfo, and end. */
  readonly info: boolean;
}

const VALUES: Record<string, 'namespace' | 'id' | 'address' | 'bundle' | undefined> = {
  namespace: 'namespace',
  id: 'id',
  address: 'address',
  bundle: 'bundle',
  // Flags that are taken and not needed: events go by TTRPC_ADDRESS, the socket's address is worked out.
  'publish-binary': undefined,
  socket: undefined,
};

/** Reads a shim's command line, as Go's flags are written: `-id x`, `--id x`, `-id=x`. */
export function parseFlags(args: readonly string[]): ShimFlags {
  const flags = { namespace: '', id: '', address: '', bundle: process.cwd() };
  const switches = { debug: false, version: false, info: false };
  let action = '';
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (!arg.startsWith('-')) {
      action = arg;
      continue;
    }
    const [, name = '', inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === 'v' || name === 'debug' || name === 'info') {
      switches[name === 'v' ? 'version' : name] = inline !== 'false';
    } else if (name in VALUES) {
      const value = inline ?? args[++at];
      const key = VALUES[name];
      if (key !== undefined && value !== undefined) flags[key] = value;
    } else {
      throw invalid(`unknown flag ${arg}`);
    }
  }
  if ((action === 'start' || action === 'delete') && (flags.namespace === '' || flags.id === '')) {
    throw invalid(`${action} needs -namespace and -id: containerd gives them`);
  }
  return { action, ...flags, ...switches };
}

function invalid(text: string): TtrpcError {
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, text);
}
