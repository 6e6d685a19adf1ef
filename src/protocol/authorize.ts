import type { Peer } from './peer.js';
import type { PeerCredentials } from './peer-credentials.js';

/** What the option `authorize` of a server takes. */
export type Authorize = (peer: Peer) => boolean;

/**
 * Lets in the processes of this process's user and group only, as Go's `UnixSocketRequireSameUser`.
 * Where credentials cannot be read it lets nobody in.
 */
export function sameUser(): Authorize {
  const { geteuid, getegid } = process;
  return (peer) => {
    const { uid, gid } = credentialsOf(peer);
    return geteuid !== undefined && getegid !== undefined && uid === geteuid() && gid === getegid();
  };
}

/** Lets in root's processes only, as Go's `UnixSocketRequireRoot`; see {@link sameUser}. */
export function requireRoot(): Authorize {
  return requireUidGid(0, 0);
}

/**
 * Lets in processes with this user id and group id only, as Go's `UnixSocketRequireUidGid`; see {@link sameUser}.
 * Raises a RangeError when one of them is no id.
 */
export function requireUidGid(uid: number, gid: number): Authorize {
  for (const [name, id] of Object.entries({ uid, gid })) {
    if (!Number.isInteger(id) || id < 0)
      throw new RangeError(`${name}: expected an id of 0 or more, got ${String(id)}`);
  }
  return (peer) => {
    const credentials = credentialsOf(peer);
    return credentials.uid === uid && credentials.gid === gid;
  };
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
