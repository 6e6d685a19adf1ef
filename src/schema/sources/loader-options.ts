/**
 * How .proto files are read and what decoded messages look like: the options of `@grpc/proto-loader`, which Nest's
 * gRPC transport takes as `loader`, with the same names, meaning and defaults, so that a service that moves between
 * the two transports keeps its messages. Everything is off by default.
 */
export interface LoaderOptions {
  /** Keep field names as the file spells them; by default they become camelCase (`first_name` is `firstName`). */
  keepCase?: boolean;
  /**
   * What decoded 64-bit integers are: `String` (decimal), `Number` (loses precision beyond 2^53), `BigInt`; by default
   * `Long` objects. Encoding takes all of them whatever this says.
   */
  longs?: StringConstructor | NumberConstructor | BigIntConstructor | Function;
  /** `String` gives decoded enums by name, where they have one; by default they are numbers. */
  enums?: StringConstructor | Function;
  /** What decoded bytes are: `String` (base64), `Array` (of numbers); by default a Buffer. */
  bytes?: StringConstructor | ArrayConstructor | Function;
  /** Give fields that were not sent their default values; a message that was not sent is `null`. */
  defaults?: boolean;
  /** Give repeated fields that were not sent an empty array, also without `defaults`. */
  arrays?: boolean;
  /** Give map fields that were not sent an empty object, also without `defaults`. */
  objects?: boolean;
  /** Add a property with a oneof's name that holds the name of the member that was sent. */
  oneofs?: boolean;
  /**
   * Give NaN and the infinities as strings, and a `google.protobuf.Any` of a type that the schema knows as that message
   * with `@type`.
   */
  json?: boolean;
  /**
   * Folders in which `protoPath` and imports are looked up, in their order; by default imports are relative to the
   * importing file. An object gives the folder for a prefix of names, for files that import each other by their
   * repository's path: `{ 'github.com/containerd/containerd/api': dir }`, alone or among folders in the array.
   */
  includeDirs?: IncludeDirs;
}

/** What {@link LoaderOptions.includeDirs} takes: folders, and folders by the prefix of the names that are in them. */
export type IncludeDirs = Readonly<Record<string, string>> | (string | Readonly<Record<string, string>>)[];
