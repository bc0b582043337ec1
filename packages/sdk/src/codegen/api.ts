/**
 * Writes what the public API is, one report for each entry of the package (api/), and its reference documentation
 * (docs/reference/), from the compiled declarations. `--check` writes nothing and fails when the API has changed since. What is
 * exported without a doc comment fails in any case.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import apiExtractor from '@microsoft/api-extractor';
import { z } from 'zod';
import { introOf, referencePage } from './reference.ts';
import { writeFiles } from './write-files.ts';

const { Extractor, ExtractorConfig } = apiExtractor;
const sdk = join(import.meta.dirname, '../..');

interface Entry {
  /** `client` for `@dpu-operator/sdk/client`, `index` for the package itself. */
  name: string;
  /** As it is imported. */
  specifier: string;
  declarations: string;
  source: string;
}

function entries(): Entry[] {
  const { name, publishConfig } = z
    .object({
      name: z.string(),
      publishConfig: z.object({ exports: z.record(z.string(), z.object({ types: z.string() }).or(z.string())) }),
    })
    .parse(JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')));
  return Object.entries(publishConfig.exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return [];
    const source = target.types.replace('./dist/', './src/').replace(/\.d\.ts$/, '.ts');
    const entry = { name: path === '.' ? 'index' : path.slice('./'.length), specifier: join(name, path) };
    return [{ ...entry, declarations: join(sdk, target.types), source: join(sdk, source) }];
  });
}

/** @returns the report and the API model as JSON text */
function extract({ name, declarations }: Entry, directory: string): { report: string; model: string } {
  const [report, model] = [join(directory, `${name}.api.md`), join(directory, `${name}.api.json`)];
  const compilerOptions = { target: 'es2024', lib: ['es2024', 'esnext.disposable'], strict: true, types: ['node'] };
  const modules = { module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true };
  const config = ExtractorConfig.prepare({
    // There is no such file; paths are relative to its place.
    configObjectFullPath: join(sdk, 'api-extractor.json'),
    packageJsonFullPath: join(sdk, 'package.json'),
    configObject: {
      projectFolder: sdk,
      mainEntryPointFilePath: declarations,
      compiler: {
        overrideTsconfig: { compilerOptions: { ...compilerOptions, ...modules }, files: [declarations] },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: directory,
        reportTempFolder: join(directory, 'temp'),
        // A change of what an exported type is made of is a change of the API.
        includeForgottenExports: true,
      },
      docModel: { enabled: true, apiJsonFilePath: model },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
    },
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      if (message.category === 'Compiler') throw new Error(`${declarations}: ${message.text}`);
      // What it thinks of comments: they are not written for it.
      message.handled = true;
    },
  });
  return { report: readFileSync(report, 'utf8'), model: readFileSync(model, 'utf8') };
}

function generate(undocumented: string[]): Map<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'dpu-sdk-api-'));
  try {
    const files = new Map<string, string>();
    const contents: string[] = [];
    for (const entry of entries()) {
      const { report, model } = extract(entry, directory);
      undocumented.push(...undocumentedIn(report).map((name) => `${entry.specifier}: ${name}`));
      const intro = introOf(readFileSync(entry.source, 'utf8'));
      files.set(`api/${entry.name}.api.md`, report);
      files.set(`docs/reference/${entry.name}.md`, referencePage(entry.specifier, intro, JSON.parse(model)));
      contents.push(`- [${entry.specifier}](${entry.name}.md): ${intro.replaceAll('\n', ' ')}`);
    }
    const heading = '# Reference\n\nGenerated from the built code by `node packages/sdk/src/codegen/api.ts`.';
    return files.set('docs/reference/README.md', `${heading}\n\n${contents.join('\n')}\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Names of exports whose doc comment says nothing, by the words of API Extractor. */
function undocumentedIn(report: string): string[] {
  const found = report.matchAll(/^\/\/ @\w+ \(undocumented\)\nexport (?:abstract )?\w+ (\w+)/gm);
  return [...found].map(([, name = '']) => name);
}

const undocumented: string[] = [];
const wanted = generate(undocumented);
const present = globSync(['api/*.md', 'docs/reference/*.md'], { cwd: sdk });
const outdated = writeFiles(sdk, wanted, present);
if (outdated.length > 0) {
  console.error(`the public API has changed: ${outdated.join(', ')}`);
  console.error('if it shall be so, run: node packages/sdk/src/codegen/api.ts');
  process.exitCode = 1;
}
if (undocumented.length > 0) {
  console.error(`exported without a doc comment: ${undocumented.join(', ')}`);
  process.exitCode = 1;
}
