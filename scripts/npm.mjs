import { output } from './output.mjs';

/** Runs npm in a folder, from its cache as far as that goes. Throws an error with npm's words when it fails. */
export async function npm(args, cwd) {
  // What `npm run` sets for its script would make this npm work for that script's package.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle)_|^npm_config_local_prefix$/.test(key)),
  );
  const options = { cwd, env, limitMs: 240_000 };
  await output('npm', ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...args], options);
}
