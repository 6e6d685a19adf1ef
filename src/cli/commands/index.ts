/**
 * The commands, in the order of the help, with the line that it has for each. A command is a file of this folder that
 * exports it by its name; the list of all need not load them.
 */
export const SUMMARIES: Readonly<Record<string, string>> = {
  call: 'make a call: JSON in, one line of JSON out for each response',
  list: 'list the services of a server or a .proto file, or the methods of a service',
  describe: 'describe services, rpcs, messages and enums, with a JSON template of a request',
  bench: 'make many calls and measure them: rates, percentiles, status codes',
  tap: 'stand between a client and a server and show each call, message and status',
  replay: 'make the calls of a recording again, and compare the responses with the recorded ones',
  health: 'ask a server, or one of its services, for its health (grpc.health.v1)',
  completion: 'print the completion script of a shell: commands, flags, services and methods of a live server',
};
