import type { HandlerInfo } from './handler-info.js';

/** A server as the others of its application see it. */
export interface KnownServer {
  /** True when it serves the handler's service. */
  serves(info: HandlerInfo): boolean;
}

/**
 * Which servers Nest has given a handler to. Nest registers each handler with every ttrpc server of an application, so
 * one that serves another service is not an error as long as some server serves the handler. The object that the
 * decorators made is the same for all of them.
 */
const serversByHandler = new WeakMap<HandlerInfo, Set<KnownServer>>();

/** Notes that Nest gave `server` the handler. */
export function noteHandler(info: HandlerInfo, server: KnownServer): void {
  const servers = serversByHandler.get(info);
  if (servers) servers.add(server);
  else serversByHandler.set(info, new Set([server]));
}

/** Forgets a closed server. */
export function forgetHandler(info: HandlerInfo, server: KnownServer): void {
  serversByHandler.get(info)?.delete(server);
}

/** True when a server other than `server` serves the handler. */
export function servedElsewhere(info: HandlerInfo, server: KnownServer): boolean {
  for (const other of serversByHandler.get(info) ?? []) {
    if (other !== server && other.serves(info)) return true;
  }
  return false;
}
