/** The code of the SDK's guides as a project in which it can be compiled and run. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Block, fencedBlocks } from './readme.ts';

const guides = 'packages/sdk/docs/guides';

export interface GuideFile {
  path: string;
  text: string;
}

const withManifest = z.looseObject({ dpu: z.looseObject({}) });

/**
 * Files for a directory in a plugin's: for each guide a directory of its own. Blocks of `ts` are modules of its `src`, those of
 * `ts test` are tests; the module with a default export is `src/index.ts`. Where a guide has none, that is the plugin's.
 *
 * @param packageJson The plugin's package.json. A block of `json` with the key `dpu` goes over its manifest.
 */
export async function guideFiles(packageJson: string): Promise<GuideFile[]> {
  const names = (await readdir(guides)).filter((name) => name.endsWith('.md'));
  const files = names.map(async (name) => {
    const blocks = fencedBlocks(await readFile(join(guides, name), 'utf8'));
    return filesOf(name.replace(/\.md$/, ''), blocks, withManifest.parse(JSON.parse(packageJson)));
  });
  const all = (await Promise.all(files)).flat();
  return [...all, { path: 'modules.test.ts', text: moduleTests(all) }];
}

function filesOf(page: string, blocks: readonly Block[], plugin: z.infer<typeof withManifest>): GuideFile[] {
  const code = blocks.filter(({ info }) => info === 'ts' || info === 'ts test');
  if (code.length === 0) return [];
  const files = code.map(({ info, lines }, index) => {
    const text = `${lines.join('\n')}\n`;
    if (info === 'ts test') return { path: `${page}/test/block-${index}.test.ts`, text };
    const name = text.includes('export default ') ? 'index' : `block-${index}`;
    return { path: `${page}/src/${name}.ts`, text };
  });
  const json = blocks.filter(({ info }) => info === 'json').map(({ lines }) => lines.join('\n'));
  const manifest = json.map((text) => withManifest.safeParse(JSON.parse(text)).data?.dpu).find(Boolean);
  const packageJson = { ...plugin, dpu: { ...plugin.dpu, ...manifest } };
  files.push({ path: `${page}/package.json`, text: JSON.stringify(packageJson) });
  const index = `${page}/src/index.ts`;
  if (files.every(({ path }) => path !== index)) {
    files.push({ path: index, text: "export { default } from '../../../src/index.ts';\n" });
  }
  return files;
}

/** Loads each module, and starts each plugin that a guide has. */
function moduleTests(files: readonly GuideFile[]): string {
  const modules = files.filter(({ path }) => path.includes('/src/'));
  const cases = modules.map(({ path, text }) =>
    text.includes('definePlugin')
      ? `test('${path} is a plugin', () => started(import('./${path}')));`
      : `test('${path}', () => import('./${path}'));`,
  );
  return `import type { PluginDefinition } from '@dpu-operator/sdk';
import { fakePlatform, fakeSysfs, startPlugin } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import packageJson from './settings/package.json' with { type: 'json' };

async function started(module: Promise<{ default: PluginDefinition<never> }>): Promise<void> {
  const address = '0000:01:00.0';
  await using sysfs = await fakeSysfs({
    pci: [{ address, vendor: '1d0f', device: 'efa1', sriov: { totalVfs: 4, device: 'efa1' } }],
  });
  const { default: plugin } = await module;
  await using vsp = await startPlugin(plugin, {
    packageJson,
    settings: { uplink: 'sfp0' },
    dpu: { side: 'host', identifier: 'acme-0', pciAddress: address },
    platform: fakePlatform({ sysfs }),
  });
  await vsp.client.init({ dpuMode: false, dpuIdentifier: 'acme-0' });
  expect(await vsp.client.getDevices()).toEqual([]);
}

${cases.join('\n')}
`;
}
