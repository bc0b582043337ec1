/** The API server takes everything that is generated, and what docs/install.md has people type, by a dry run. */
import { globSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../cluster/run.ts';
import { versions } from '../cluster/versions.ts';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { ensureHelm } from '../support/programs/go-tools.ts';
import { operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;
beforeAll(async () => {
  fixture = await operatorIsOn();
}, 1_200_000);

const dryRun = ['apply', '--server-side', '--dry-run=server', '--force-conflicts'];

describe('a dry run takes', () => {
  it.each(globSync('config/*/kustomization.yaml').map((file) => file.replace('/kustomization.yaml', '')))(
    '%s',
    async (directory) => {
      expect(await fixture.kubectl.run([...dryRun, '-k', directory])).toContain('(server dry run)');
    },
  );

  it('the chart', async () => {
    const helm = await ensureHelm(console.log);
    const kubeVersion = ['--kube-version', versions.kubernetes];
    const chart = ['template', 'dpu-operator', 'charts/dpu-operator', ...kubeVersion, '--namespace', namespace];
    const text = await run([helm, ...chart]);
    expect(await fixture.kubectl.run([...dryRun, '-f', '-'], text)).toContain('(server dry run)');
  });

  it('the objects of the bundle that are not of OLM alone', async () => {
    const files = globSync('bundle/manifests/*.yaml').filter((file) => !file.includes('clusterserviceversion'));
    await fixture.kubectl.run([...dryRun, '-n', namespace, ...files.flatMap((file) => ['-f', file])]);
  });

  it.each([
    ['docs/install.md', 'Kustomize'],
    ['docs/install.md', 'OLM'],
    ['docs/install.md', 'MicroShift'],
    ['docs/install.md', 'Without the internet'],
    ['docs/remove.md', 'Removing'],
  ])('the commands of %s under "%s"', async (path, heading) => {
    const lines = (await documentCommands(path, heading)).filter((line) => line.startsWith('kubectl '));
    // What waits, waits for what the commands before it have made.
    const commands = lines.filter((line) => !/^kubectl (wait|rollout) /.test(line));
    expect(commands).not.toEqual([]);
    for (const command of commands) {
      const args = argumentsOf('kubectl', command.replaceAll(/<file>|<docker-config>/g, 'package.json'));
      const flags = Object.entries({ '--server-side': '--force-conflicts', ' delete ': '--wait=false' })
        .filter(([words]) => command.includes(words))
        .map(([, flag]) => flag);
      await fixture.kubectl.run([...args, ...flags, '--dry-run=server']);
    }
  });
});
