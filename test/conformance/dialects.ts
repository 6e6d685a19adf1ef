import type { FrameMatch, Peer, StatusMatch, StatusName, TextMatch } from './case.js';

/** A response that a peer gives in its own words, or with a code of its own, wherever it is due. */
export interface Wording {
  /** When it is given. */
  what: string;
  /** Ours: its code, and what its text looks like; what is in brackets stands in theirs, too. */
  ours: { code: StatusName; text: RegExp };
  /** Theirs, `$1` being what is in brackets; a regular expression with `pattern`. */
  theirs: { code: StatusName; text: string } | { code: StatusName; pattern: string };
}

/**
 * How peers word what ours and Go's server say alike. Cases need not say so one by one: what they expect is translated.
 * The rest of a response, its stream, its place in the order and its number, must be the same.
 */
export const dialects: Partial<Record<Peer, readonly Wording[]>> = {
  rust: [
    {
      what: 'an even stream id',
      ours: { code: 'INVALID_ARGUMENT', text: /^StreamID must be odd/ },
      theirs: { code: 'INVALID_ARGUMENT', text: 'stream id must be odd' },
    },
    {
      what: 'Data for an id that is not active',
      ours: { code: 'INVALID_ARGUMENT', text: /^StreamID is no longer active$/ },
      theirs: { code: 'INVALID_ARGUMENT', text: 'Stream is no longer active' },
    },
    {
      what: 'Data on a unary call',
      ours: { code: 'INVALID_ARGUMENT', text: /^unary$/ },
      theirs: { code: 'INVALID_ARGUMENT', text: 'Stream is no longer active' },
    },
    {
      what: 'an unknown service',
      ours: { code: 'UNIMPLEMENTED', text: /^service (.*)$/s },
      theirs: { code: 'INVALID_ARGUMENT', text: '$1 service does not exist' },
    },
    {
      what: 'an unknown method',
      ours: { code: 'UNIMPLEMENTED', text: /^method (.*)$/s },
      theirs: { code: 'UNIMPLEMENTED', text: '$1 method' },
    },
    {
      what: 'an envelope that does not parse',
      ours: { code: 'INVALID_ARGUMENT', text: /^\^unmarshal request error/ },
      theirs: {
        code: 'INVALID_ARGUMENT',
        pattern: '^(Incorrect (tag|varint)|Unexpected (EOF|wire type)|Truncated message|Invalid UTF-8|Over recursion)',
      },
    },
    {
      what: 'a frame over 4 MiB',
      ours: { code: 'RESOURCE_EXHAUSTED', text: /^(\d+)\.\*(\d+)$/ },
      theirs: { code: 'INVALID_ARGUMENT', text: 'message length $1 exceed maximum message size of $2' },
    },
    {
      what: 'a deadline that has passed',
      ours: { code: 'DEADLINE_EXCEEDED', text: /^deadline$/ },
      theirs: { code: 'DEADLINE_EXCEEDED', pattern: 'deadline|timeout' },
    },
    {
      what: 'a message that does not decode',
      ours: { code: 'INTERNAL', text: /^error unmarshalling payload$/ },
      theirs: { code: 'UNKNOWN', pattern: 'Unexpected EOF|Incorrect tag|Decode message failed' },
    },
  ],
};

/** What a peer must send where ours must send `match`. */
export function inWordsOf(peer: Peer, match: FrameMatch): FrameMatch {
  if (!('error' in match)) return match;
  const source = (text: TextMatch): string => (typeof text === 'string' ? text : text.pattern);
  for (const { ours, theirs } of dialects[peer] ?? []) {
    const found = ours.code === match.error.code ? ours.text.exec(source(match.error.message)) : null;
    if (!found) continue;
    const message: TextMatch =
      'pattern' in theirs
        ? { pattern: theirs.pattern }
        : theirs.text.replaceAll(/\$(\d)/g, (_, group: string) => found[Number(group)] ?? '');
    const error: StatusMatch = { ...match.error, code: theirs.code, message };
    return { ...match, error };
  }
  return match;
}
