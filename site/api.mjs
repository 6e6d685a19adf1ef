// Makes the API reference, in Markdown, from the doc comments: a folder for each entry of the package, a page for each
// exported name.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Application, Converter, PageEvent, ReflectionKind } from 'typedoc';
import { repository } from './places.mjs';

/** The groups of the sidebar, in its order. */
const GROUPS = [
  ['Classes', ReflectionKind.Class],
  ['Interfaces', ReflectionKind.Interface],
  ['Types', ReflectionKind.TypeAlias],
  ['Functions', ReflectionKind.Function],
  ['Values', ReflectionKind.Variable | ReflectionKind.Enum | ReflectionKind.Namespace],
];

/** The entries of the package, by the folder of the sources that each is built from; the main one first. */
function entries() {
  const { exports, name } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  return new Map(
    Object.entries(exports)
      .filter(([, conditions]) => typeof conditions === 'object')
      .map(
        ([
          entry,
          {
            import: { types },
          },
        ]) => [types.replace('./dist/esm', 'src').replace(/\/index\.d\.ts$/, ''), entry.replace('.', name)],
      ),
  );
}

/**
 * Writes the reference into the folder `out` and returns what it has: for each entry its name, its comment, its page and
 * its groups of names with their pages, relative to `out`. Throws an Error when TypeDoc complains: of a `{@link …}` to nothing, say.
 */
export async function makeApiReference(out) {
  rmSync(out, { recursive: true, force: true });
  const names = entries();
  const application = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: [...names.keys()].map((folder) => join(repository, folder, 'index.ts')),
    tsconfig: join(repository, 'tsconfig.esm.json'),
    basePath: repository,
    out,
    name: 'API reference',
    readme: 'none',
    logLevel: 'Warn',
    // `npm run typecheck` does it.
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    disableGit: true,
    sort: ['kind', 'alphabetical'],
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    // A link to what no entry exports becomes plain text.
    externalSymbolLinkMappings: {
      'nestjs-ttrpc': { '*': '#' },
      '@nestjs/common': { '*': '#' },
      '@nestjs/microservices': { '*': '#' },
    },
    // Of the plugin:
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    expandObjects: true,
    parametersFormat: 'table',
    indexFormat: 'table',
    pageTitleTemplates: { module: '{name}', member: '{name}' },
  });
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = names.get(module.name) ?? module.name;
  });
  const urls = new Map();
  application.renderer.on(PageEvent.END, ({ model, url }) => urls.set(model, url));
  const project = await application.convert();
  if (!project) throw new Error('api: TypeDoc cannot read the sources');
  application.validate(project);
  await application.generateOutputs(project);
  const { errorCount, warningCount } = application.logger;
  if (errorCount + warningCount > 0) throw new Error(`api: ${errorCount + warningCount} complaints, see above`);
  return [...names.values()].map((name) => {
    const module = project.children.find((child) => child.name === name);
    const groups = GROUPS.map(([text, kinds]) => ({
      text,
      items: module.children
        .filter((child) => child.kindOf(kinds) && urls.has(child))
        .map((child) => ({ text: child.name, page: urls.get(child) })),
    }));
    const summary = (module.comment?.summary ?? []).map((part) => part.text).join('');
    return { name, summary, page: urls.get(module), groups: groups.filter(({ items }) => items.length > 0) };
  });
}
