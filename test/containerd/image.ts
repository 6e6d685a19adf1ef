import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Makes an OCI archive of an image with busybox, `name`, in `folder`; gives its path. It waits, unless it is told more. */
export function makeImage(folder: string, name: string): string {
  const bin = join(folder, 'layer/bin');
  const blobs = join(folder, 'image/blobs/sha256');
  for (const each of [bin, blobs]) mkdirSync(each, { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'));
  for (const command of ['sh', 'echo', 'sleep']) symlinkSync('busybox', join(bin, command));
  execFileSync('tar', ['-C', join(folder, 'layer'), '-cf', join(folder, 'layer.tar'), 'bin']);
  const put = (bytes: Uint8Array): { digest: string; size: number } => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
  const layer = put(readFileSync(join(folder, 'layer.tar')));
  const config = put(
    json({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['/bin/sleep', '100000'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const manifest = put(
    json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
  writeFileSync(join(folder, 'image/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'io.containerd.image.name': name };
  const index = { schemaVersion: 2, manifests: [{ mediaType: MANIFEST, ...manifest, annotations }] };
  writeFileSync(join(folder, 'image/index.json'), json(index));
  execFileSync('tar', ['-C', join(folder, 'image'), '-cf', join(folder, 'image.tar'), '.']);
  return join(folder, 'image.tar');
}
