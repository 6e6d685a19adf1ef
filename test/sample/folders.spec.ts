import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import ts from 'typescript';
import { mainOf } from './built-sample.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface NestCli {
  projects: Record<string, { type: string; root: string; compilerOptions: { tsConfigPath: string } }>;
}

const { projects } = JSON.parse(readFileSync(join(ROOT, 'nest-cli.json'), 'utf8')) as NestCli;
const samples = Object.entries(projects).filter(([, { type }]) => type === 'application');

// One that is running reads files that the build of another would write.
it.each(samples)('%s is built into a folder of its own, with all that it imports', (name, project) => {
  const path = join(ROOT, project.compilerOptions.tsConfigPath);
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path, (file) => ts.sys.readFile(file)).config,
    ts.sys,
    dirname(path),
  );
  const folder = join(ROOT, 'dist/dev', name);
  expect(options.outDir).toBe(folder);
  expect(options.tsBuildInfoFile).toBe(join(folder, '.tsbuildinfo'));
  expect(mainOf(name)).toBe(join(folder, project.root, 'main.js'));
});
