import { describeOption } from '../core/describe.js';
import { refuseUnknownOptions, type OptionNames } from '../core/option-names.js';

/** The owner of a unix socket's file. An omitted id stays that of this process. */
export interface SocketOwner {
  /** User id. Giving the file to another user requires root (CAP_CHOWN and CAP_FOWNER). */
  uid?: number | undefined;
  /** Group id. A group that this process is not a member of requires root. */
  gid?: number | undefined;
}

/** Who may connect to a unix socket. On Linux, connecting requires write permission on its file. */
export interface SocketFileOptions {
  /** Permission bits of a unix socket's file, set before anybody can connect, such as 0o600. Default: what the umask leaves. */
  socketMode?: number | undefined;
  /** Owner of a unix socket's file, set before anybody can connect. Default: this process's user and group. */
  socketOwner?: SocketOwner | undefined;
}

const OWNER: OptionNames<SocketOwner> = { uid: true, gid: true };

const MAX_MODE = 0o777;

/** The highest id; the next one means "no change" to the system. */
const MAX_ID = 0xffff_fffe;

/** @throws {RangeError | TypeError} naming the option when a value is invalid. */
export function checkSocketFileOptions({ socketMode, socketOwner }: SocketFileOptions): void {
  if (socketMode !== undefined && !isInteger(socketMode, MAX_MODE)) {
    throw new RangeError(
      `socketMode: expected permission bits from 0 to 0o777, such as 0o600, got ${describeOption(socketMode)}`,
    );
  }
  if (socketOwner === undefined) return;
  if (typeof socketOwner !== 'object' || socketOwner === null) {
    throw new TypeError(`socketOwner: expected { uid, gid }, got ${describeOption(socketOwner)}`);
  }
  refuseUnknownOptions('socketOwner', socketOwner, OWNER);
  for (const name of ['uid', 'gid'] as const) {
    const id: unknown = socketOwner[name];
    if (id !== undefined && !isInteger(id, MAX_ID)) {
      throw new RangeError(`socketOwner.${name}: expected an id from 0 to ${MAX_ID}, got ${describeOption(id)}`);
    }
  }
}

/** True when one of them is set. */
export function restrictsSocketFile({ socketMode, socketOwner }: SocketFileOptions): boolean {
  return socketMode !== undefined || socketOwner !== undefined;
}

function isInteger(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}
