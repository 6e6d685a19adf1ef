/**
 * What the suite covers: each statement of PROTOCOL.md, by section, with the cases that hold to it (a regular expression
 * over the cases' names and rules, in the families where it applies), or the reason why no case of raw bytes can.
 */
export interface Row {
  section: string;
  says: string;
  server?: string;
  client?: string;
  /** Why there is no case, or where else it is tested. */
  elsewhere?: string;
}

const frame: Row[] = [
  {
    section: 'Frame',
    says: '10-byte header, then data',
    server: 'written by hand|in two pieces|byte by byte',
    client: 'written by hand|in pieces',
  },
  {
    section: 'Frame',
    says: 'frames follow each other without a gap',
    server: 'frames follow each other',
    client: 'in pieces',
  },
  { section: 'Frame', says: 'data is at most 4 MiB', server: 'exactly 4 MiB', client: 'exactly 4 MiB|greatest size' },
  { section: 'Frame', says: 'byte 0 is always 0', server: 'first byte that is not 0' },
  {
    section: 'Frame',
    says: 'Rust writes a header in four small pieces',
    server: 'as Rust writes it',
    client: 'in pieces: 4, 4, 1, 1',
  },
  {
    section: 'Frame',
    says: 'flags in use of each type',
    server: 'flags that nobody knows',
    client: 'flags 0 and|remote-open and no-data|remote-closed and the payload',
  },
  { section: 'Frame', says: 'servers decide the shape by the method', server: 'with the Request flags' },
  { section: 'Frame', says: 'never send Request[1|4]', client: 'never send it' },
  {
    section: 'Frame',
    says: 'odd ids, each larger than the last, in wire order',
    server: 'ids with gaps',
    client: 'ids are odd and grow',
  },
  {
    section: 'Frame',
    says: 'an id space lasts 2^31 calls: replace a connection before that',
    server: 'last id of the id space',
    elsewhere: 'replacing: unit tests of the client',
  },
  { section: 'Frame', says: 'servers ignore unknown types on odd ids', server: 'servers ignore unknown types' },
  {
    section: 'Frame',
    says: 'clients fail the call when an unknown type arrives',
    client: 'fail the call when an unknown type',
  },
  {
    section: 'Frame',
    says: 'Data[4] without remote-closed',
    server: 'no-data without remote-closed',
    client: 'no-data without remote-closed',
  },
  {
    section: 'Frame',
    says: 'another protocol is recognised by its first bytes',
    server: 'a peer that speaks',
    client: 'a server that speaks',
  },
];

const envelope: Row[] = [
  {
    section: 'Envelope',
    says: 'Request fields',
    server: 'written by hand|in another order|unknown fields|that stand twice',
    client: 'written by hand',
  },
  {
    section: 'Envelope',
    says: 'a key with several values is several KeyValues',
    server: 'several values of a key',
    client: 'metadata and a deadline',
  },
  {
    section: 'Envelope',
    says: 'Response: status and payload',
    server: 'a handler that fails with',
    client: '^an error [A-Z]',
  },
  {
    section: 'Envelope',
    says: 'absent status and code 0 mean OK; we omit it',
    server: 'an empty response is a Response without data',
    client: 'code 0 is OK',
  },
  {
    section: 'Envelope',
    says: 'a field with its default value is not written',
    server: 'an empty response is a Response without data|empty messages are Data of length 0',
    client: 'metadata and a deadline|empty messages',
  },
  { section: 'Envelope', says: 'details', server: 'an error with details', client: 'an error with details' },
  {
    section: 'Envelope',
    says: 'Data carries the message itself',
    server: 'server-streaming: Data, then',
    client: 'server-streaming: Request',
  },
  {
    section: 'Envelope',
    says: 'every string must be UTF-8',
    server: 'lone continuation byte|surrogate',
    client: 'lone surrogates',
  },
  { section: 'Envelope', says: 'a bad status message is a decoding error', client: 'a message that is no UTF-8' },
  {
    section: 'Envelope',
    says: 'no payload with an error',
    server: 'no payload with an error',
    client: 'an error with a payload',
  },
  { section: 'Envelope', says: 'status codes 0 to 16 only', client: 'a status with the code' },
  {
    section: 'Envelope',
    says: 'timeout_nano: relative, 0 is none, negative is expired',
    server: 'timeout of|no deadline',
    client: 'metadata and a deadline',
  },
  {
    section: 'Envelope',
    says: 'do not send a call whose time is up',
    elsewhere: 'unit tests of the client: nothing goes over the wire',
  },
  {
    section: 'Envelope',
    says: 'clamp what you receive before setTimeout',
    server: 'just above 2\\^31|the longest there is',
  },
  {
    section: 'Envelope',
    says: 'metadata keys: lower-case on send and on look-up',
    server: 'a key in capitals',
    client: 'metadata and a deadline',
  },
];

const shapes: Row[] = [
  { section: 'Call shapes', says: 'unary', server: '^unary: ', client: '^unary: ' },
  { section: 'Call shapes', says: 'server-streaming', server: '^server-streaming: ', client: '^server-streaming: ' },
  { section: 'Call shapes', says: 'client-streaming', server: '^client-streaming: ', client: '^client-streaming: ' },
  { section: 'Call shapes', says: 'bidi', server: '^bidi: ', client: '^bidi: ' },
  {
    section: 'Call shapes',
    says: 'how a server ends a stream depends on the shape',
    server: 'then Data\\[remote-closed, no-data\\] without a payload|one Response, never Data',
  },
  { section: 'Call shapes', says: 'Data on a unary call, as a client', client: 'Data with flags' },
  {
    section: 'Call shapes',
    says: 'never put a payload on the closing frame',
    client: 'then Data\\[remote-closed, no-data\\]',
  },
  {
    section: 'Call shapes',
    says: 'as a client: a payload on Data[1] or on an OK Response is the last message',
    client: 'is the last message',
  },
  {
    section: 'Call shapes',
    says: 'as a client: an OK Response without payload ends the stream',
    client: 'without a payload ends the stream',
  },
  {
    section: 'Call shapes',
    says: 'as a server: a payload with remote-closed',
    server: 'a payload together with remote-closed',
  },
  {
    section: 'Call shapes',
    says: 'a Data frame of length 0 is a message',
    server: 'length 0 without no-data',
    client: 'length 0 without no-data',
  },
  {
    section: 'Call shapes',
    says: 'Data[1] without no-data and payload',
    server: 'one more, empty message',
    client: 'empty last message',
  },
  {
    section: 'Call shapes',
    says: 'an absent payload is an empty message',
    server: 'an absent payload',
    client: 'empty messages',
  },
  {
    section: 'Call shapes',
    says: 'a payload on a client-streaming Request',
    server: 'payload in the Request is the first message|there and empty',
  },
  {
    section: 'Call shapes',
    says: 'once the server has closed the stream is over',
    server: 'a stream that the server has ended',
    client: 'the server closing first',
  },
  { section: 'Call shapes', says: 'swallow Data until remote-closed', server: 'swallow its Data' },
  { section: 'Call shapes', says: 'the first Response counts', client: 'the first counts' },
  {
    section: 'Call shapes',
    says: 'a client drops frames for ids that are not open',
    client: 'ids that are not open are dropped',
  },
  { section: 'Call shapes', says: 'Data on a unary stream, as a server', server: 'a message on a unary call' },
  {
    section: 'Call shapes',
    says: 'half-close is close',
    server: 'half-close is close',
    client: 'never end\\(\\) a socket',
  },
  { section: 'Call shapes', says: 'no cancel frame', client: 'no cancel frame' },
];

const answers: Row[] = [
  { section: 'What the server answers', says: 'order of checks', server: 'order of checks' },
  {
    section: 'What the server answers',
    says: 'a frame over 4 MiB',
    server: 'one byte over 4 MiB|oversized',
    client: 'oversized frame',
  },
  { section: 'What the server answers', says: 'even stream id', server: 'on the even id' },
  { section: 'What the server answers', says: "Request id not above the last one's", server: 'again$|never used' },
  {
    section: 'What the server answers',
    says: 'Data for an id that is not active',
    server: 'Data for an id that is not active',
  },
  {
    section: 'What the server answers',
    says: 'envelope that does not parse',
    server: 'envelope that does not parse',
  },
  { section: 'What the server answers', says: 'payload that does not parse', server: 'payload that does not parse' },
  { section: 'What the server answers', says: 'unknown service', server: 'an unknown service' },
  { section: 'What the server answers', says: 'unknown method', server: 'an unknown method' },
  { section: 'What the server answers', says: "a stream's buffer is full", server: 'buffer is full' },
  {
    section: 'What the server answers',
    says: 'more calls, metadata or memory than we allow',
    server: 'metadata of one byte over|buffer is full',
    elsewhere: 'each limit has its attack in test/attacks; what decoding may take: unit tests of the decode budget',
  },
];

const peers: Row[] = [
  {
    section: 'Limits and faults of the peers',
    says: '64 messages for a stream',
    server: 'whose handler takes nothing',
  },
  { section: 'Limits and faults of the peers', says: "Rust's queues", elsewhere: 'a fault of the peer' },
  {
    section: 'Limits and faults of the peers',
    says: 'a Go client that gives up a stream says nothing',
    elsewhere: 'a fault of the peer',
  },
  {
    section: 'Limits and faults of the peers',
    says: 'a peer that never reads',
    elsewhere: 'tests of faults: it takes memory and time, not bytes',
  },
  {
    section: 'Limits and faults of the peers',
    says: 'a response of more than 4 MiB',
    server: 'does not fit into a frame|to the last byte',
    client: 'the limit is on the envelope',
  },
  {
    section: 'Limits and faults of the peers',
    says: 'metadata and timeouts of all shapes',
    server: 'metadata of a call of|of each shape',
    client: 'for all shapes',
  },
  {
    section: 'Limits and faults of the peers',
    says: 'a response after the deadline',
    server: 'deadline passes',
    client: 'a deadline that passes',
  },
  {
    section: 'Limits and faults of the peers',
    says: 'our server acts on a deadline 10 ms after it',
    server: 'a deadline that passes|deadline passes',
    elsewhere: 'never earlier: unit tests of the clock of a server',
  },
  {
    section: 'Limits and faults of the peers',
    says: 'closing the connection cancels handlers',
    server: 'cancels every Go handler',
  },
  { section: 'Limits and faults of the peers', says: 'shutdown', elsewhere: 'it has no bytes' },
  {
    section: 'Limits and faults of the peers',
    says: 'EOF: deliver what was read, then UNAVAILABLE',
    client: 'frames already read',
  },
];

/** What no page asks for and somebody will send. */
const hostile: Row[] = [
  'all flag combinations on all types',
  'unknown types and flags',
  'data before its request',
  'data after the end',
  'remote-closed twice',
  'the header cut at each byte',
  'length 0',
  'length 2\\^32-1',
  'an envelope truncated',
  'wrong wire types',
  'over-long varints',
  'truncated varints',
  'lengths that lie',
  'unknown fields',
  'invalid UTF-8',
  'repeated fields: the last wins',
  '10,000 metadata pairs',
].map((rule) => ({ section: 'Hostile bytes', says: rule.replaceAll('\\', ''), server: rule, client: rule }));

const hostileClient: Row[] = ['data without a request', 'ids even, zero', 'repeated', 'decreasing', 'ids 2\\^32-1'].map(
  (rule) => ({ section: 'Hostile bytes', says: rule.replaceAll('\\', ''), server: rule }),
);

const hostileServer: Row[] = [
  'answers to unknown ids',
  'two responses',
  'a response of another shape',
  'a status out of range',
  'details that do not decode',
].map((rule) => ({ section: 'Hostile bytes', says: rule, client: rule }));

export const rows: Row[] = [
  ...frame,
  ...envelope,
  ...shapes,
  ...answers,
  ...peers,
  ...hostile,
  {
    section: 'Hostile bytes',
    says: 'data on a unary stream',
    server: 'data on a unary stream',
    client: 'Data with each of the 256 flags, on unary',
  },
  {
    section: 'Hostile bytes',
    says: 'length at the limit',
    server: 'length at the limit|exactly 4 MiB',
    client: 'greatest size',
  },
  { section: 'Hostile bytes', says: 'length one over', server: 'length one over', client: 'an oversized frame' },
  ...hostileClient,
  ...hostileServer,
];
