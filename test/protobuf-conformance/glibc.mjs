// protobuf's conformance runner wants a newer C library than Debian 12 has. This brings Debian 13's into a folder of its
// own, with the ordinary package client and from the mirror that this machine uses; nothing is installed.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../../scripts/output.mjs';

const RELEASE = 'trixie';
/** What the runner is linked with. */
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1'];
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * The command that starts a program with the newer C library: the loader and its arguments, to be followed by the
 * program. It is kept in `cache`. Raises an error that says why where it cannot be had.
 */
export async function newerGlibc(cache) {
  const folder = join(cache, `glibc-${RELEASE}`);
  if (!existsSync(folder)) await unpackInto(folder, cache);
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu');
  return [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries];
}

async function unpackInto(folder, cache) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync(KEYS)) {
    throw new Error('the runner needs glibc 2.38, or Debian with debian-archive-keyring to take it from');
  }
  const work = join(cache, `apt-${process.pid}`);
  try {
    mkdirSync(join(work, 'lists/partial'), { recursive: true });
    mkdirSync(join(work, 'archives/partial'), { recursive: true });
    writeFileSync(join(work, 'sources.list'), `deb [signed-by=${KEYS}] ${await mirror()} ${RELEASE} main\n`);
    await aptGet(work, ['update']);
    await aptGet(work, ['download', ...PACKAGES]);
    const unpacked = join(work, 'unpacked');
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await output('dpkg-deb', ['--extract', join(work, file), unpacked], {});
    }
    renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Where this machine's own packages come from. */
async function mirror() {
  const targets = await output('apt-get', ['indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(LABEL)'], {});
  const line = targets.split('\n').find((target) => target.endsWith(' Debian Debian'));
  if (line === undefined)
    throw new Error('no mirror of Debian among the package sources; is `apt-get update` missing?');
  return line.slice(0, line.indexOf(' '));
}

/** apt with sources, lists and caches of its own. */
async function aptGet(work, args) {
  const settings = {
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'APT::Sandbox::User': 'root',
    'APT::Architecture': 'amd64',
    'Acquire::Languages': 'none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await output('apt-get', ['-q', ...options, ...args], { cwd: work, limitMs: 240_000 });
}
