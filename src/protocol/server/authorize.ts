import { describeOption } from '../core/describe.js';
import { TtrpcError } from '../core/errors.js';
import type { Peer } from './peer.js';
import { whyNoCredentials, type PeerCredentials } from './peer-credentials.js';
import { TtrpcStatus } from '../core/status.js';

/** What says whether a peer may connect, at once. */
export type Authorize = (peer: Peer) => boolean;

/** What the option `authorize` of a server takes. */
export type AnyAuthorize = (peer: Peer) => boolean | Promise<boolean>;

/** The name of a ready-made function that asks for credentials, on that function. */
const NEEDS_CREDENTIALS = Symbol.for('nestjs-ttrpc.needs-credentials');

/**
 * Lets in the processes of this process's user and group only, as Go's `UnixSocketRequireSameUser`.
 * Where credentials can never be read (a system other than Linux, no package koffi) the server does not listen; a peer whose
 * credentials cannot be read is not let in.
 */
export function sameUser(): Authorize {
  const { geteuid, getegid } = process;
  return byCredentials(
    'sameUser()',
    ({ uid, gid }) => geteuid !== undefined && getegid !== undefined && uid === geteuid() && gid === getegid(),
  );
}

/** Lets in root's processes only, as Go's `UnixSocketRequireRoot`; see {@link sameUser}. */
export function requireRoot(): Authorize {
  return byCredentials('requireRoot()', ({ uid, gid }) => uid === 0 && gid === 0);
}

/**
 * Lets in processes with this user id and group id only, as Go's `UnixSocketRequireUidGid`; see {@link sameUser}.
 * @throws {RangeError} when one of them is not an id
 */
export function requireUidGid(uid: number, gid: number): Authorize {
  for (const [name, id] of Object.entries({ uid, gid })) {
    if (!Number.isInteger(id) || id < 0)
      throw new RangeError(`${name}: expected an id of 0 or more, got ${describeOption(id)}`);
  }
  return byCredentials('requireUidGid()', (peer) => peer.uid === uid && peer.gid === gid);
}

/** Checks the option `authorize`. @throws {TypeError} when it is not a function */
export function checkAuthorizeOption(authorize: unknown): void {
  if (authorize === undefined || typeof authorize === 'function') return;
  throw new TypeError(`authorize: expected a function such as sameUser(), got ${describeOption(authorize)}`);
}

/**
 * Checks the option `authorize` of a server that is about to listen.
 * @throws FAILED_PRECONDITION for a ready-made one where credentials cannot be read at all: it would refuse each
 * connection
 */
export function checkCredentials(authorize: AnyAuthorize | undefined): void {
  const name = (authorize as { [NEEDS_CREDENTIALS]?: string } | undefined)?.[NEEDS_CREDENTIALS];
  const why = name === undefined ? undefined : whyNoCredentials();
  if (why === undefined) return;
  throw new TtrpcError(
    TtrpcStatus.FAILED_PRECONDITION,
    `authorize: ${name} goes by the credentials of peers, which cannot be read: ${why}`,
  );
}

function byCredentials(name: string, allows: (credentials: PeerCredentials) => boolean): Authorize {
  return Object.assign((peer: Peer) => allows(credentialsOf(peer)), { [NEEDS_CREDENTIALS]: name });
}

function credentialsOf(peer: Peer): PeerCredentials {
  const { credentials } = peer;
  if (!credentials) {
    throw new Error(
      `the credentials of the peer on ${peer.address} cannot be read: that takes Linux, a unix socket and the package koffi`,
    );
  }
  return credentials;
}
