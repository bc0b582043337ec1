/** The `make` commands of our guides, as people type them, but for the build. */
import { join } from 'node:path';
import { repositoryRoot } from '../../cluster/paths.ts';
import { run } from '../../cluster/run.ts';
import { argumentsOf } from '../documents/readme.ts';

/** Those that every test cluster has on its nodes. */
const images = { OPERATOR_IMAGE: 'dpu-operator/operator:dev', VSP_IMAGE: 'dpu-operator/vsp:dev' };

/**
 * Runs a documented `make` command's program. Images are those on the nodes, in place of a registry's.
 *
 * @param command `make <target>`, with variables behind it where the guide has some
 * @param kubeconfigs of the test clusters, in place of the guide's; each variable that it names must be here
 * @returns what it prints
 */
export async function typeMake(
  command: string,
  kubeconfigs: { KUBECONFIG_HOST?: string; KUBECONFIG_DPU?: string },
): Promise<string> {
  const [target = '', ...variables] = argumentsOf('make', command);
  const options: string[] = [];
  for (const variable of variables) {
    const [name = '', value = ''] = variable.split(/=(.*)/);
    if (name === 'OPTIONS') options.push(value);
    else if (name !== 'REGISTRY' && !(name in kubeconfigs)) throw new Error(`"${command}": nothing stands for ${name}`);
  }
  const env = { ...images, ...kubeconfigs };
  return run([process.execPath, join(repositoryRoot, 'scripts/commands.ts'), target, ...options], { env });
}
