// The consumer with Nest 11 has a copy of the file itself beside its copy of these specs.
export * from '../../../../src/transport/nest-seam/metadata-keys.js';
