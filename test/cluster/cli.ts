import { parseArgs } from 'node:util';
import { findEngine } from './engine/engine.ts';
import { parseImageNames } from './images/image-inputs.ts';
import { buildImage } from './images/images.ts';
import { type Cluster, deleteCluster, ensureCluster, findCluster } from './index.ts';

const usage = `Usage: node test/cluster/cli.ts <command> [options] [image ...]

Commands
  up           make the cluster, or find it running
  down         delete it and put the machine's kernel settings back
  images       build the images whose inputs changed (all, or those named)
  load         build, and load what changed onto the cluster's workers
  kubeconfig   print the path of the cluster's kubeconfig
  status       list the cluster's nodes

Options
  --name NAME  which cluster (default: dpu-test)
  --help       this text

TEST_CLUSTER=existing uses the cluster of KUBECONFIG instead of making one.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string', default: 'dpu-test' }, help: { type: 'boolean' } },
});
const [command, ...images] = positionals;
const { name } = values;
// Standard output is for answers, so that they can be used by other commands.
const log = (message: string): void => console.error(message);

try {
  if (values.help || !command) console.log(usage);
  else await perform(command);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function perform(command: string): Promise<void> {
  switch (command) {
    case 'up':
      return show(await ensureCluster({ name, log }));
    case 'down':
      return deleteCluster({ name, log });
    case 'images': {
      const engine = await findEngine(log);
      for (const name of parseImageNames(images)) {
        const { tag, bytes } = await buildImage(log, engine, name);
        console.log(`${tag}  ${Math.round(bytes / 1e6)} MB`);
      }
      return;
    }
    case 'load': {
      const loaded = await (await ensureCluster({ name, log })).loadImages(images);
      console.log(loaded.length > 0 ? `loaded ${loaded.join(', ')}` : 'nothing changed');
      return;
    }
    case 'kubeconfig':
      console.log((await running()).kubeconfig);
      return;
    case 'status':
      return show(await running());
    default:
      throw new Error(`there is no command "${command}"\n\n${usage}`);
  }
}

async function running(): Promise<Cluster> {
  const cluster = await findCluster({ name, log });
  if (!cluster)
    throw new Error(`cluster ${name} does not run; start it with: node test/cluster/cli.ts up --name ${name}`);
  return cluster;
}

function show(cluster: Cluster): void {
  console.log(`cluster ${cluster.name}, kubeconfig ${cluster.kubeconfig}`);
  for (const node of cluster.nodes) console.log(`${node.role.padEnd(14)}${node.name.padEnd(30)}${node.ip}`);
}
