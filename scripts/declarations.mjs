// The entries that work with and without Nest have types that name Nest's and RxJS's. Where these are not installed, tsc
// would refuse the program ("Cannot find module '@nestjs/common'") unless it is told to skip its check of libraries.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/** The rooms that load no Nest by themselves; their folder `nest` has what needs it. */
const ROOMS = ['nri', 'containerd'];

const IMPORT = /(?<!@ts-ignore.*\n)^import (?:type )?\{[^}]*\} from '(?:@nestjs\/[a-z]+|rxjs)';$/gm;

/** What is not there becomes `any`, which nobody sees: who has no Nest does not use a module of Nest. */
const IGNORE = '// @ts-ignore -- only there with Nest';

/** Marks the imports of optional packages in the declarations of one format. Throws where a room has none to mark. */
export function markOptionalImports(format) {
  for (const room of ROOMS) {
    const folder = join(root, 'dist', format, room, 'nest');
    let marked = 0;
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.d.ts'))) {
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      writeFileSync(
        file,
        text.replace(IMPORT, (line) => {
          marked++;
          return `${IGNORE}\n${line}`;
        }),
      );
    }
    if (marked === 0) throw new Error(`declarations: ${folder} imports no types of Nest; expected some`);
  }
}
