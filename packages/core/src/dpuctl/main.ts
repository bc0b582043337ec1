#!/usr/bin/env node
/** `dpuctl`: what an administrator tells the operator that is more than one field of an object. */
import { Command, InvalidArgumentError } from 'commander';
import { operatorNamespace } from '../api/names/names.ts';
import { connectStore } from '../kube/client/connect.ts';
import { type MigrateOptions, Migration } from '../migrate/run.ts';
import { type Context, UsageError } from './context.ts';
import { exportTrust } from './trust/export.ts';
import { importTrust } from './trust/import.ts';
import { listTrust } from './trust/list.ts';
import { removeTrust } from './trust/remove.ts';
import { allow, revoke } from './trust/revoke.ts';
import { rotate } from './trust/rotate.ts';
import { uninstall } from './uninstall.ts';

interface Connection {
  kubeconfig?: string;
  context?: string;
  namespace: string;
}

interface MigrateFlags {
  image?: string;
  timeout: number;
  interruptNetworkFunctions?: boolean;
}

interface UninstallOptions {
  timeout: number;
  withoutOperator?: boolean;
  withoutDaemons?: boolean;
}

const program = new Command('dpuctl')
  .description('Tell the DPU operator what to do.')
  .option('--kubeconfig <file>', 'default: KUBECONFIG, ~/.kube/config, or the pod that this runs in')
  .option('--context <name>', 'context of the kubeconfig; default: its current one')
  .option('-n, --namespace <name>', "the operator's namespace", operatorNamespace)
  .configureHelp({ showGlobalOptions: true });

const trust = program.command('trust').description('Who vouches for the daemons of hosts and DPUs (docs/trust.md).');

trust
  .command('export')
  .description("print this cluster's trust, a ConfigMap for the other cluster; nothing in it is secret")
  .action(() => run(exportTrust));
trust
  .command('import')
  .description('trust the hosts and DPUs of another cluster, by its `dpuctl trust export`')
  .option('-f, --file <file>', 'default: standard input')
  .option('--force', 'also an export that is older than what is trusted here, and has other authorities')
  .action(({ file, force }: { file?: string; force?: boolean }) =>
    run((context) => importTrust(context, file, force ?? false)),
  );
trust
  .command('list')
  .description('show who is trusted, what is revoked and who the daemons are')
  .action(() => run(listTrust));
trust
  .command('rotate')
  .description("publish the authority that is to follow this cluster's; with --activate let it sign")
  .option('--activate', 'let the next authority sign; the former counts until its last certificate has expired')
  .option(
    '--drop-former',
    'let authorities that signed before count no more, at once: where their key is known to others',
  )
  .action(({ activate, dropFormer }: { activate?: boolean; dropFormer?: boolean }) =>
    run((context) => rotate(context, { activate: activate ?? false, dropFormer: dropFormer ?? false })),
  );
trust
  .command('revoke')
  .argument('<subject>', 'an identity (dpuctl trust list), or host/<node> or dpu/<node> for all of that node')
  .description('let no certificate count that the subject has now')
  .option('--force', 'also where no DataProcessingUnit has that identity or node')
  .option('--bar', 'let it have no other certificate either, until dpuctl trust allow')
  .action((subject: string, { bar, force }: { bar?: boolean; force?: boolean }) =>
    run((context) => revoke(context, subject, { bar: bar ?? false, force: force ?? false })),
  );
trust
  .command('allow')
  .argument('<subject>', 'one that was barred (dpuctl trust list)')
  .description('let one that was barred have certificates again')
  .action((subject: string) => run((context) => allow(context, subject)));
trust
  .command('remove')
  .argument('<installation>', 'its id (dpuctl trust list)')
  .description('trust another cluster no longer')
  .action((installation: string) => run((context) => removeTrust(context, installation)));

program
  .command('uninstall')
  .description('delete the DpuOperatorConfig and wait until all that the operator made is taken away')
  .option('--timeout <seconds>', 'how long to wait; it goes on afterwards', seconds, 600)
  .option('--without-operator', 'take it away from here, by the same rules: where the operator is gone')
  .option('--without-daemons', 'also let go of nodes where no daemon is left; what is on them stays until they restart')
  .action(({ timeout, ...options }: UninstallOptions) =>
    run(async (context) => {
      if (!options.withoutOperator) {
        if (options.withoutDaemons) throw new UsageError('--without-daemons goes with --without-operator only');
        return await uninstall(context, timeout);
      }
      const { uninstallAlone } = await import('./uninstall-alone.ts');
      await uninstallAlone(context, { timeoutSeconds: timeout, withoutDaemons: options.withoutDaemons ?? false });
    }),
  );

const migrate = program
  .command('migrate')
  .description('Take over from a running Go operator of the same name (docs/migrate.md).')
  .option('--image <reference>', "this operator's image, for pods on nodes; default: OPERATOR_IMAGE")
  .option('--timeout <seconds>', 'how long one step may take', seconds, 600)
  .option('--interrupt-network-functions', 'network functions may lose traffic until their pods are made anew');
migrate
  .command('check')
  .description('say what is in the way; nothing is changed')
  .action(() => migration((work) => work.check()));
migrate
  .command('start', { isDefault: true })
  .description('check, then take the Go operator away; pods keep running. Install this operator then')
  .action(() => migration((work) => work.forward()));
migrate
  .command('finish')
  .description('when this operator is ready: delete what is left. The way back ends')
  .action(() => migration((work) => work.finish()));
migrate
  .command('back')
  .description('take this operator away and put the Go operator back as it was')
  .action(() => migration((work) => work.back()));

async function migration(work: (migration: Migration) => Promise<void>): Promise<void> {
  const { image = process.env.OPERATOR_IMAGE, timeout, interruptNetworkFunctions } = migrate.opts<MigrateFlags>();
  if (!image) throw new UsageError('--image is missing, and OPERATOR_IMAGE is not set');
  const options: MigrateOptions = {
    image,
    timeoutSeconds: timeout,
    interruptNetworkFunctions: interruptNetworkFunctions ?? false,
  };
  await run((context) => work(new Migration(context, options)));
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('must be 1 to 86400 seconds.');
}

async function run(command: (context: Context) => Promise<void>): Promise<void> {
  const { kubeconfig, context, namespace } = program.opts<Connection>();
  const store = connectStore({ kubeconfig, context });
  try {
    await command({ store, namespace, print: (text) => process.stdout.write(`${text}\n`) });
  } finally {
    store.client.close();
  }
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => {
    process.stderr.write('interrupted: what was begun stays as it is, and the same command goes on from there\n');
    process.exit(128 + number);
  });
}
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
