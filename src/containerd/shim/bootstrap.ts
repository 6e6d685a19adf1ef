import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BootstrapParams } from '../generated/messages.js';
import { containerdSchema } from '../schema.js';
import type { ShimFlags } from './flags.js';

/** Where shims have their sockets, unless containerd says otherwise. */
const SOCKET_FOLDER = '/run/containerd/s';

const PARAMS = 'containerd.runtime.bootstrap.v1.BootstrapParams';
const RESULT = 'containerd.runtime.bootstrap.v1.BootstrapResult';

/**
 * What containerd 2.3 and later write to the stdin of `start`; undefined for an older one, which writes its runtime's options
 * there. Only parameters have an id: that is the difference.
 */
export function bootstrapParams(input: Uint8Array, flags: ShimFlags): BootstrapParams | undefined {
  try {
    const params = containerdSchema().findType(PARAMS)?.decode(input) as BootstrapParams;
    return params.instanceId === flags.id ? params : undefined;
  } catch {
    return undefined;
  }
}

/** The address of a container's shim: the same whenever it is asked for, and short. */
export function shimAddress(flags: ShimFlags, folder: string = SOCKET_FOLDER): string {
  const hash = createHash('sha256')
    .update(join(flags.address, flags.namespace, flags.id))
    .digest('hex');
  return `unix://${folder}/${hash}`;
}

/**
 * What `start` writes to stdout: a BootstrapResult where containerd has sent parameters, JSON where it says that it reads
 * version 3, else the address alone, which all versions of containerd read as version 2.
 */
export function startResponse(address: string, params: BootstrapParams | undefined): Uint8Array {
  const result = { version: 3, address, protocol: 'ttrpc' };
  if (params) return containerdSchema().findType(RESULT)?.encode(result) ?? new Uint8Array();
  return Buffer.from(Number(process.env['MAX_SHIM_VERSION']) >= 3 ? JSON.stringify(result) : address);
}
