import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../testing.ts';
import { readManifestLine, readPluginPackage } from './plugin-package.ts';

const dpu = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Test DPU', dpu: { detect: { dmiProductContains: 'Test' }, identifier: 'test' } }],
};

async function directory(packageJson: unknown, ...files: string[]): Promise<string> {
  const made = await temporaryDirectory();
  await writeFile(join(made, 'package.json'), JSON.stringify(packageJson));
  for (const file of files) {
    await mkdir(dirname(join(made, file)), { recursive: true });
    await writeFile(join(made, file), '');
  }
  return made;
}

const named = (fields: object) => ({ name: '@acme/vsp', version: '1.2.3', dpu, ...fields });

describe('the entry of a package is what Node would import', () => {
  test.each([
    ['a string', { exports: './a.js' }],
    ['conditions without subpaths', { exports: { require: './r.cjs', import: './a.js' } }],
    ['nested conditions', { exports: { '.': { browser: './b.js', node: { require: './r.cjs', default: './a.js' } } } }],
    [
      'types before the code',
      { exports: { '.': { types: './a.d.ts', import: { types: './a.d.ts', default: './a.js' } } } },
    ],
    ['alternatives', { exports: [{ require: './r.cjs' }, './a.js'] }],
    ['main', { main: 'a.js' }],
    ['exports before main', { exports: './a.js', main: 'r.cjs' }],
  ])('%s', async (_what, fields) => {
    const made = await directory(named(fields), 'a.js', 'r.cjs', 'b.js', 'index.mjs', 'index.js');
    await expect(readPluginPackage(made)).resolves.toMatchObject({
      name: '@acme/vsp',
      version: '1.2.3',
      entry: join(made, 'a.js'),
    });
  });

  test('or index.js where nothing is named, and index.mjs where that is not there', async () => {
    const plain = await directory(named({}), 'index.js', 'index.mjs');
    expect((await readPluginPackage(plain)).entry).toBe(join(plain, 'index.js'));
    const bundled = await directory(named({ exports: './dist/index.js' }), 'index.mjs');
    expect((await readPluginPackage(bundled)).entry).toBe(join(bundled, 'index.mjs'));
  });
});

describe('a package that is no plugin is told why', () => {
  test.each([
    [
      'no manifest',
      'INVALID_ARGUMENT',
      /has no field `dpu`: the package is no DPU plugin/,
      { name: 'x', version: '1.0.0' },
    ],
    ['no name', 'INVALID_ARGUMENT', /package\.json: name: must be set: text/, { version: '1.0.0', dpu }],
    [
      'for require only',
      'INVALID_ARGUMENT',
      /exports\["\."\] names nothing for `import`/,
      named({ exports: { require: './r.cjs' } }),
    ],
    [
      'a newer host API, with fields of its time',
      'INVALID_ARGUMENT',
      /^dpu\.hostApi: the plugin needs host API \^2\.0\.0, served is 1\.0\.0: install a newer/,
      named({ dpu: { ...dpu, hostApi: '^2.0.0', later: true } }),
    ],
    ['no host API', 'INVALID_ARGUMENT', /^dpu\.hostApi: is missing/, named({ dpu: { ...dpu, hostApi: undefined } })],
    ['no range of it', 'INVALID_ARGUMENT', /dpu\.hostApi: must be a range/, named({ dpu: { ...dpu, hostApi: 'one' } })],
    ['no root', 'INVALID_ARGUMENT', /names nothing/, named({ exports: { './other': './a.js' } })],
    ['a path without ./', 'INVALID_ARGUMENT', /must begin with \.\//, named({ exports: 'a.js' })],
    ['outside', 'INVALID_ARGUMENT', /\.\.\/a\.js is outside of the package/, named({ main: '../a.js' })],
    [
      'not built',
      'INVALID_ARGUMENT',
      /has no \.\/dist\/index\.js and no index\.mjs; build the plugin/,
      named({ exports: './dist/index.js' }),
    ],
    ['not an object', 'INVALID_ARGUMENT', /must be a JSON object/, 'text'],
  ])('%s', async (_what, code, message, packageJson) => {
    const made = await directory(packageJson);
    await expect(readPluginPackage(made)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('no package.json', async () => {
    await expect(readPluginPackage(await temporaryDirectory())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('the manifest for a label is one line, checked, of a package that need not be built', async () => {
  const line = await readManifestLine(await directory(named({ exports: './dist/index.js' })));
  expect(line).toBe(JSON.stringify(dpu));
  const wrong = await directory(named({ dpu: { ...dpu, products: [] } }));
  await expect(readManifestLine(wrong)).rejects.toThrow('dpu.products');
});
