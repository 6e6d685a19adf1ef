import { relative, resolve } from 'node:path';
import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';

/** Where a server listens or a client connects. */
export type Address =
  /** A unix socket in the file system. `parseAddress` makes the path absolute. */
  | { readonly kind: 'unix'; readonly path: string }
  /** A unix socket in Linux's abstract namespace; `name` without the leading zero byte. */
  | { readonly kind: 'abstract'; readonly name: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** A server of this process, by name: no socket. */
  | { readonly kind: 'memory'; readonly name: string }
  /** A port of a virtual machine, behind the unix socket of its hypervisor (Firecracker, cloud-hypervisor, kata); for clients. */
  | { readonly kind: 'hvsock'; readonly path: string; readonly port: number }
  /** An inherited socket: a listening one for a server (systemd), a connected one for a client. */
  | { readonly kind: 'fd'; readonly fd: number };

const FORMS =
  'unix:///path, unix:path, unix-abstract:name, tcp://host:port, fd:number, memory:name, hvsock:///path:port or a plain path';

/** The longest path in bytes that a socket address holds, without the final zero: 107 on Linux, 103 on macOS and BSD. */
export const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** An IP address in brackets, a name, an IPv4 address or nothing; then a port. */
const HOST_AND_PORT = /^(\[[0-9a-f:.%]+\]|[^:/@[\]\s]*):(\d{1,5})$/i;

/** Schemes after which digits are not a port. */
const SCHEMES = ['unix', 'unix-abstract', 'tcp', 'fd', 'memory', 'hvsock'];

/**
 * Parses an address in gRPC's forms and in those of containerd and ttrpc-rust (PROTOCOL.md, "Around ttrpc"): `unix:///abs`, `unix:rel`, `unix:/abs`, `unix-abstract:name`, `unix:@name`, `unix://@name`, `@name`,
 * `tcp://host:port` (no host means 127.0.0.1), `fd:3`, `memory:name`
 * (within the process), `hvsock:///abs:port` (a port of a virtual machine) and a plain path. A relative path is resolved against `folder`
 * (default: the current working directory), so that it always means the same file.
 * @throws {TtrpcError} INVALID_ARGUMENT naming the address and, for mistakes such as `localhost:50051`, what to write.
 */
export function parseAddress(url: string, folder?: string): Address {
  if (typeof url !== 'string' || url === '') throw bad(String(url), `expected ${FORMS}`);
  refuseBlanks(url, url);
  refusePort(url);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return unixAddress(url, url, folder);
    case 'unix':
      return parseUnix(url, url.slice('unix:'.length), folder);
    case 'unix-abstract':
      return abstractAddress(url, url.slice('unix-abstract:'.length));
    case 'tcp':
      return parseTcp(url);
    case 'fd':
      return parseFd(url, url.slice('fd:'.length));
    case 'memory':
      return parseMemory(url, url.slice('memory:'.length));
    case 'hvsock':
      return parseHvsock(url);
    default:
      throw bad(url, `unknown scheme "${scheme}"; expected ${FORMS}`);
  }
}

/** The path to pass to the system: the relative one where the absolute one is too long. */
export function systemPath(path: string): string {
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  const short = relative(process.cwd(), path);
  return short.length < path.length ? short : path;
}

/** The canonical form of an address. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'unix':
      return address.path.startsWith('/') ? `unix://${address.path}` : `unix:${address.path}`;
    case 'abstract':
      return `unix-abstract:${address.name}`;
    case 'tcp':
      return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
    case 'fd':
      return `fd:${address.fd}`;
    case 'memory':
      return `memory:${address.name}`;
    case 'hvsock':
      return `hvsock://${address.path}:${address.port}`;
  }
}

function refuseBlanks(url: string, text: string): void {
  if (text.trim() === text) return;
  const meant = url.trim();
  throw bad(url, meant === '' ? `it is blank; expected ${FORMS}` : 'it begins or ends with white space');
}

/** Refuses a port, or a host and port, without a scheme: it would be taken for the name of a socket file. */
function refusePort(url: string): void {
  const [, host, port] = /^\d+$/.test(url) ? [url, '', url] : (HOST_AND_PORT.exec(url) ?? []);
  if (host !== undefined && port !== undefined && !SCHEMES.includes(host.toLowerCase())) {
    const meant =
      host === '' ? `tcp://127.0.0.1:${port} (this machine) or tcp://0.0.0.0:${port} (every network)` : `tcp://${url}`;
    throw bad(url, `a TCP address begins with tcp://; write ${meant}, or unix:./${url} for a socket file of that name`);
  }
  if (/^\d+(\.\d+){3}$/.test(url)) {
    throw bad(url, `a TCP address begins with tcp:// and has a port; write tcp://${url}:50051 with the port you mean`);
  }
}

function parseUnix(url: string, rest: string, folder: string | undefined): Address {
  if (!rest.startsWith('//')) return unixAddress(url, rest, folder);
  const path = rest.slice(2);
  if (path.startsWith('/') || path.startsWith('@')) return unixAddress(url, path, folder);
  refuseTilde(url, path);
  throw bad(url, 'unix:// needs an absolute path (unix:///path); write unix:path for a relative one');
}

function unixAddress(url: string, path: string, folder: string | undefined): Address {
  if (path.startsWith('@')) return abstractAddress(url, path.slice(1));
  if (path === '') throw bad(url, 'the path is empty');
  if (path.includes('\0')) throw bad(url, 'the path contains a zero byte');
  refuseBlanks(url, path);
  refuseTilde(url, path);
  checkLength(url, path);
  return { kind: 'unix', path: path.startsWith('/') ? path : absolutePath(url, path, folder) };
}

function absolutePath(url: string, path: string, folder: string | undefined): string {
  try {
    return resolve(folder ?? process.cwd(), path);
  } catch (error) {
    throw bad(url, 'a relative path needs the working directory, which no longer exists', error);
  }
}

function refuseTilde(url: string, path: string): void {
  if (path.startsWith('~')) {
    throw bad(url, 'only shells expand ~; write the full path (or ./~ for a file of that name)');
  }
}

function abstractAddress(url: string, name: string): Address {
  if (process.platform !== 'linux') throw bad(url, `abstract sockets exist only on Linux; this is ${process.platform}`);
  if (name === '') throw bad(url, 'the name is empty');
  if (name.includes('\0')) throw bad(url, 'the name contains a zero byte');
  checkLength(url, name);
  return { kind: 'abstract', name };
}

function checkLength(url: string, path: string): void {
  const length = Buffer.byteLength(path);
  if (length > MAX_PATH_BYTES) {
    throw bad(url, `the path has ${length} bytes; a socket path has at most ${MAX_PATH_BYTES} on this system`);
  }
}

function parseTcp(url: string): Address {
  const match = /^tcp:\/\/(\[[0-9a-f:.%]+\]|[^:/[\]]*):(\d{1,5})$/i.exec(url);
  const port = Number(match?.[2]);
  if (!match || port > 65535) throw bad(url, 'expected tcp://host:port with a port from 0 to 65535');
  // Without a host, the loopback address: nothing is open to the network unless the address asks for it.
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '') || '127.0.0.1';
  return { kind: 'tcp', host, port };
}

function parseFd(url: string, text: string): Address {
  if (!/^\d{1,9}$/.test(text)) throw bad(url, 'expected fd: and the number of an open descriptor, such as fd:3');
  return { kind: 'fd', fd: Number(text) };
}

function parseMemory(url: string, name: string): Address {
  if (name === '') throw bad(url, 'the name is empty');
  if (name.startsWith('/'))
    throw bad(url, `memory: takes a name, not a path; write memory:${name.replace(/^\/+/, '')}`);
  refuseBlanks(url, name);
  return { kind: 'memory', name };
}

function parseHvsock(url: string): Address {
  const match = /^hvsock:\/\/(\/.+):(\d{1,10})$/is.exec(url);
  const port = Number(match?.[2]);
  if (!match || port > 0xffff_ffff) {
    throw bad(url, 'expected hvsock:///path:port with an absolute path and a port from 0 to 4294967295');
  }
  const path = match[1] as string;
  if (path.includes('\0')) throw bad(url, 'the path contains a zero byte');
  checkLength(url, path);
  return { kind: 'hvsock', path, port };
}

function bad(url: string, why: string, cause?: unknown): TtrpcError {
  return new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, `address ${JSON.stringify(url)}: ${why}`, {
    cause,
    unsent: true,
  });
}
