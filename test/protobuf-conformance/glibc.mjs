// protobuf's conformance runner wants a newer C library than Debian 12 has. This brings Debian 13's into a folder of its
// own, with the ordinary package client and from the mirror that this machine uses; nothing is installed.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../../scripts/output.mjs';

const RELEASE = 'trixie';
/** What the runner is linked with. */
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1'];
/** For lists that are nobody else's. */
const PRIVATE = {
  'APT::Sandbox::User': 'root',
  'Acquire::Languages': 'none',
  'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
};
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * The command that starts a program with the newer C library: the loader and its arguments, to be followed by the
 * program. It is kept in `cache`. Throws an error with the reason when it cannot be had.
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
    writeFileSync(join(work, 'sources.list'), `deb [signed-by=${KEYS}] ${await mirror(work)} ${RELEASE} main\n`);
    await aptGet(work, ['update']);
    await aptGet(work, ['download', ...PACKAGES]);
    const unpacked = join(work, 'unpacked');
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await output('dpkg-deb', ['--extract', join(work, file), unpacked], {});
    }
    // Another run may have been quicker.
    if (!existsSync(folder)) renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Where this machine's own packages come from. Its lists are fetched, beside its own, where it has none yet. */
async function mirror(work) {
  const known = await debianMirror([]);
  if (known !== undefined) return known;
  const lists = optionsOf({ ...PRIVATE, ...folders(join(work, 'own')) });
  mkdirSync(join(work, 'own/lists/partial'), { recursive: true });
  await output('apt-get', ['-q', ...lists, 'update'], { limitMs: 240_000 });
  const found = await debianMirror(lists);
  if (found === undefined) throw new Error("no mirror of Debian's among this machine's package sources");
  return found;
}

async function debianMirror(options) {
  const targets = await output(
    'apt-get',
    [...options, 'indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(LABEL)'],
    {},
  );
  const line = targets.split('\n').find((target) => target.endsWith(' Debian Debian'));
  return line?.slice(0, line.indexOf(' '));
}

/** apt with sources, lists and caches of its own. */
async function aptGet(work, args) {
  const sources = { 'Dir::Etc::sourcelist': join(work, 'sources.list'), 'Dir::Etc::sourceparts': '-' };
  const options = optionsOf({ ...PRIVATE, ...folders(work), ...sources, 'APT::Architecture': 'amd64' });
  await output('apt-get', ['-q', ...options, ...args], { cwd: work, limitMs: 240_000 });
}

function folders(folder) {
  return {
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
  };
}

function optionsOf(settings) {
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
