import { unknownOptions, type OptionNames } from '../protocol/core/option-names.js';
import { warnNotCarried, warnOfOption } from './not-carried.js';

/** Options of Nest's gRPC transport that have no meaning over ttrpc. Each is accepted and ignored, with one warning. */
export interface IgnoredGrpcOptions {
  /** gRPC's TLS; a unix socket has file permissions and `authorize`. */
  credentials?: unknown;
  /** Options of grpc-js. */
  channelOptions?: unknown;
  /** Keepalive of HTTP/2. */
  keepalive?: unknown;
  /** Use `maxMessageBytes`. */
  maxSendMessageLength?: number | undefined;
  /** Use `maxMessageBytes`. */
  maxReceiveMessageLength?: number | undefined;
  /** Metadata count as part of a message. */
  maxMetadataSize?: number | undefined;
  /** The schema is loaded by this library. */
  protoLoader?: string | undefined;
  /** A TtrpcServer always closes gracefully; see `gracePeriodMs`. */
  gracefulShutdown?: boolean | undefined;
  /** For grpc-js's reflection. */
  onLoadPackageDefinition?: unknown;
}

/** Each with whether a warning says that it does nothing. */
const IGNORED: Readonly<Record<keyof IgnoredGrpcOptions, boolean>> = {
  credentials: true,
  channelOptions: true,
  keepalive: true,
  maxSendMessageLength: true,
  maxReceiveMessageLength: true,
  maxMetadataSize: true,
  protoLoader: true,
  gracefulShutdown: false,
  onLoadPackageDefinition: true,
};

/**
 * Warns of options that are ignored, and of names that are no options of `owner`: neither `known` ones, nor those of
 * Nest's gRPC transport, nor `others`, those of the other side.
 * @throws TypeError for `packageDefinition`, which the schema cannot be made of
 */
export function checkGrpcOptions(
  options: object | undefined | null,
  owner: string,
  known: OptionNames<object>,
  others: OptionNames<object>,
): void {
  // The class that gets them says what is wrong with options that are not an object.
  if (typeof options !== 'object' || options === null) return;
  const given = options as IgnoredGrpcOptions & { packageDefinition?: unknown };
  if (given.packageDefinition !== undefined) {
    throw new TypeError('packageDefinition: expected protoPath, root or fileDescriptorSet instead');
  }
  for (const [name, warns] of Object.entries(IGNORED)) {
    if (warns && given[name as keyof IgnoredGrpcOptions] !== undefined) warnNotCarried(`the option ${name}`);
  }
  for (const text of unknownOptions(owner, options, known, { ...IGNORED, ...others })) warnOfOption(text);
}

/** The names in `package`. */
export function packagesOf(value: string | readonly string[] | undefined): readonly string[] {
  return typeof value === 'string' ? [value] : (value ?? []);
}
