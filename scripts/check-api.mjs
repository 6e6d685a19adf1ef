// Compares what the build exports, for each entry of the package, with the reports in etc/api. `--write` renews them.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { root } from './run.mjs';

const write = process.argv.includes('--write');
const reports = join(root, 'etc/api');
mkdirSync(reports, { recursive: true });
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

for (const [entry, conditions] of Object.entries(exports)) {
  if (typeof conditions === 'string') continue;
  const name = entry === '.' ? 'nestjs-ttrpc' : entry.slice(2);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, conditions.import.types),
      compiler: { tsconfigFilePath: join(root, 'tsconfig.esm.json') },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: reports,
        reportTempFolder: join(root, 'dist/api'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'warning', addToApiReportFile: true },
          // Release tags are not used: what an entry exports is public.
          'ae-missing-release-tag': { logLevel: 'none' },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: write,
    showVerboseMessages: false,
    messageCallback: (message) => {
      message.handled = message.logLevel !== 'error';
    },
  });
  if (errorCount > 0 || (apiReportChanged && !write)) process.exitCode = 1;
  if (apiReportChanged && !write) {
    console.error(`api: what ${name} exports is not what etc/api/${name}.api.md says: npm run check:api -- --write`);
  } else console.log(`api: ${name} as in etc/api/${name}.api.md`);
}
