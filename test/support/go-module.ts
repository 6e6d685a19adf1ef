import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Go modules whose published files or packages the tests use. */
export const GO_MODULES = {
  nri: 'github.com/containerd/nri@v0.12.5',
  nriOld: 'github.com/containerd/nri@v0.3.0',
  containerdApi: 'github.com/containerd/containerd/api@v1.12.0',
} as const;

/** True where there is a Go toolchain. */
export async function hasGo(): Promise<boolean> {
  try {
    await run('go', ['version'], { cwd: tmpdir() });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false;
    throw error;
  }
}

/** The folder of a Go module's sources, brought from the module proxy at the first use. */
export async function goModule(module: string): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', module], {
    cwd: tmpdir(),
    env: { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off' },
  });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
