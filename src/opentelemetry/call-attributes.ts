import type { Attributes } from '@opentelemetry/api';
import type { CallTrace } from '../protocol/core/diagnostics.js';
import { parseAddress } from '../protocol/socket/address.js';

/** Stands for the names that a peer has chosen: they must not make a new time series each. */
const OTHER = '_OTHER';

/** The span's name and the attributes of a call that begins, by the semantic conventions for RPC. */
export function startAttributes(call: CallTrace, oldNames: boolean): { name: string; attributes: Attributes } {
  const full = `${call.service}/${call.method}`;
  // A server does not know the shape of a method that it does not serve.
  const unknown = call.side === 'server' && call.shape === undefined;
  const method = unknown ? OTHER : full;
  const attributes: Attributes = oldNames
    ? unknown
      ? { 'rpc.system': 'ttrpc', 'rpc.method': OTHER }
      : { 'rpc.system': 'ttrpc', 'rpc.service': call.service, 'rpc.method': call.method }
    : { 'rpc.system.name': 'ttrpc', 'rpc.method': method };
  return { name: method, attributes: { ...attributes, ...serverAddress(call.address) } };
}

/** What an unknown method was called; for spans only. */
export function originalMethod(call: CallTrace): Attributes {
  return call.side === 'server' && call.shape === undefined
    ? { 'rpc.method_original': `${call.service}/${call.method}` }
    : {};
}

/** The attributes of a call's end. */
export function endAttributes(call: CallTrace, oldNames: boolean): Attributes {
  const name = call.statusName ?? 'UNKNOWN';
  const status: Attributes = oldNames ? { 'rpc.ttrpc.status_code': call.status ?? 2 } : { 'rpc.status_code': name };
  return isError(call) ? { ...status, 'error.type': name } : status;
}

/** Codes that are failures of a server; the others are its caller's own. */
const SERVER_ERRORS: ReadonlySet<string | undefined> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** True when the span of the call is an error: for a client each code but OK. */
export function isError(call: CallTrace): boolean {
  return call.side === 'client' ? call.statusName !== 'OK' : SERVER_ERRORS.has(call.statusName);
}

const addresses = new Map<string, Attributes>();

function serverAddress(address: string): Attributes {
  let attributes = addresses.get(address);
  if (!attributes) {
    attributes = parsed(address);
    // A client may meet any number of addresses; what stays in memory is bounded.
    if (addresses.size < 1000) addresses.set(address, attributes);
  }
  return attributes;
}

function parsed(text: string): Attributes {
  try {
    const address = parseAddress(text);
    if (address.kind === 'unix') return { 'server.address': address.path, 'network.transport': 'unix' };
    if (address.kind === 'tcp') {
      return { 'server.address': address.host, 'server.port': address.port, 'network.transport': 'tcp' };
    }
  } catch {
    // `duplex`, and anything else that is not an address.
  }
  return { 'server.address': text };
}
