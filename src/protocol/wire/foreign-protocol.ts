/** The most bytes that {@link foreignProtocol} needs from the start of a connection. */
const NEEDED_BYTES = 9;

/** The first four bytes of HTTP/1 requests, by method, and of HTTP/1 responses. */
const HTTP1 = new Set(['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'PATC', 'OPTI', 'CONN', 'TRAC', 'HTTP']);

/** The first bytes of HTTP/2's connection preface, `PRI * HTTP/2.0` (RFC 9113, section 3.4). */
const HTTP2_PREFACE = 'PRI ';

/**
 * Detects the protocol of a peer whose connection begins with `first`: "HTTP/1", "HTTP/2 (gRPC?)" or "TLS". Returns
 * undefined for ttrpc, for unknown protocols, and while there are too few bytes to tell.
 *
 * No ttrpc frame is mistaken for another protocol: read as the length of a frame, these texts and the header of a TLS
 * record are far above the limit of 4 MiB. The SETTINGS frame with which an HTTP/2 server begins reads as a frame of stream
 * 0 and type 0, and neither exists in ttrpc.
 */
export function foreignProtocol(first: Uint8Array): string | undefined {
  if (first.length < 4) return undefined;
  const text = String.fromCharCode(...first.subarray(0, 4));
  if (text === HTTP2_PREFACE) return 'HTTP/2 (gRPC?)';
  if (HTTP1.has(text)) return 'HTTP/1';
  // A handshake or an alert, version 3.x (RFC 8446, section 5.1).
  if ((first[0] === 0x16 || first[0] === 0x15) && first[1] === 3) return 'TLS';
  return isSettingsFrame(first) ? 'HTTP/2 (gRPC?)' : undefined;
}

/** RFC 9113, section 6.5: length (a multiple of 6) in three bytes, type 4, no flags, stream 0. */
function isSettingsFrame(first: Uint8Array): boolean {
  if (first.length < NEEDED_BYTES) return false;
  const length = ((first[0] as number) << 16) | ((first[1] as number) << 8) | (first[2] as number);
  if (length % 6 !== 0 || length > 0x4000 || first[3] !== 4) return false;
  for (let at = 4; at < NEEDED_BYTES; at++) if (first[at] !== 0) return false;
  return true;
}
