/** Each server, with a driver that is quick to call it. */
export const SERVERS = [
  { client: 'go-ttrpc', server: 'go-ttrpc' },
  { client: 'go-ttrpc', server: 'rust-ttrpc' },
  { client: 'go-ttrpc', server: 'nest-ttrpc' },
  { client: 'go-ttrpc', server: 'engine' },
  { client: 'go-ttrpc', server: 'floor' },
  { client: 'grpc-go', server: 'grpc-go' },
  { client: 'grpc-go', server: 'grpc-js' },
  { client: 'grpc-go', server: 'nest-grpc' },
  { client: 'nest-tcp', server: 'nest-tcp' },
];
