/** The operator's process: reads the environment, wires the classes, leads, and ends on SIGTERM. */
import 'reflect-metadata';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { container } from 'tsyringe';
import { configName, workloads } from '../api/names/names.ts';
import { exitAfter } from '../exit-after.ts';
import { connectStore } from '../kube/client/connect.ts';
import {
  collectProcessMetrics,
  EventRecorder,
  LeaderElection,
  MetricsAccess,
  serveHealth,
  serveMetrics,
} from '../kube/index.ts';
import { ProcessLog } from '../log.ts';
import { type ReadImage, readImage } from '../plugins/image/read-image.ts';
import { type LookUp, lookUp } from '../plugins/lookup/lookup.ts';
import { x509 } from '../trust/x509/run.ts';
import { ChainController } from './chains/chain-controller.ts';
import { DpuOperatorConfigController } from './config/dpu-operator-config-controller.ts';
import { DaemonLeases } from './daemons/daemon-leases.ts';
import { DaemonSilenceController } from './daemons/daemon-silence-controller.ts';
import { DataProcessingUnitController } from './dpu/data-processing-unit-controller.ts';
import { ProgressController } from './dpu/rollout/fleet/progress-controller.ts';
import { Turns } from './dpu/rollout/fleet/turns.ts';
import { DataProcessingUnitConfigController } from './dpu/selection/data-processing-unit-config-controller.ts';
import { ServingController } from './injector/serving-controller.ts';
import { DpuNetworkController } from './networks/dpu-network-controller.ts';
import { Caches } from './shared/caches.ts';
import { type Environment, parseEnvironment } from './shared/environment.ts';
import { ownImage } from './shared/own-image.ts';
import { tokens } from './shared/tokens.ts';
import { UnreadObjectController } from './shared/unread-object-controller.ts';
import { CertificateController } from './trust/certificate-controller.ts';
import { TrustController } from './trust/trust-controller.ts';
import { VendorPluginController } from './vendor-plugins/vendor-plugin-controller.ts';

async function main(): Promise<void> {
  const environment = parseEnvironment(process.env, hostname());
  const log = new ProcessLog(environment.logLevel);
  const { logger } = log;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  // What nobody waited for is a bug; it must not take the controllers down with it.
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a rejection was not handled'));

  const store = connectStore();
  const events = new EventRecorder(store, workloads.operator, environment.podName, logger);
  container.registerInstance(tokens.logger, logger);
  container.registerInstance(tokens.store, store);
  container.registerInstance(tokens.events, events);
  const untilStop = (signal = stop.signal) => AbortSignal.any([stop.signal, signal]);
  const lookUpUntilStop: LookUp = (request) => lookUp({ ...request, signal: untilStop(request.signal) });
  container.registerInstance(tokens.lookUp, lookUpUntilStop);
  const readImageUntilStop: ReadImage = (request) => readImage({ ...request, signal: untilStop(request.signal) });
  container.registerInstance(tokens.readImage, readImageUntilStop);
  container.registerSingleton(tokens.caches, Caches);
  container.registerSingleton(tokens.daemonLeases, DaemonLeases);
  container.registerSingleton(tokens.turns, Turns);
  container.registerSingleton(tokens.trust, TrustController);

  let missing: string[] = [];
  collectProcessMetrics();
  const metrics = {
    port: environment.metricsPort,
    access: new MetricsAccess(store),
    makeCertificate: () => x509('makeServerCertificate', { name: environment.podName }),
    logger,
  };
  void serveMetrics(metrics, stop.signal);
  const health = await serveHealth({ port: environment.healthPort, notReady: () => missing });

  const lead = async (signal: AbortSignal) => {
    const { namespace, podName } = environment;
    const operatorImage = environment.operatorImage || (await ownImage(store, namespace, podName));
    container.registerInstance(tokens.environment, { ...environment, operatorImage });
    const caches = container.resolve<Caches>(tokens.caches);
    const injectorServing = container.resolve(ServingController);
    const controllers = [
      container.resolve(DpuOperatorConfigController),
      container.resolve(DataProcessingUnitController),
      container.resolve(DataProcessingUnitConfigController),
      container.resolve(ProgressController),
      container.resolve(VendorPluginController),
      container.resolve(DaemonSilenceController),
      container.resolve(ChainController),
      container.resolve(DpuNetworkController),
      container.resolve<TrustController>(tokens.trust),
      container.resolve(CertificateController),
      container.resolve(UnreadObjectController),
      injectorServing,
    ];
    caches.configs.onChange(() => log.setLogLevel(caches.configs.getByKey(configName)?.spec.logLevel ?? 0));
    missing = ['the caches are being filled'];
    await caches.start(signal);
    missing = [];
    injectorServing.watch(signal);
    logger.info('controllers started');
    await Promise.all(controllers.map(({ controller }) => controller.start(signal)));
  };
  try {
    await whileLeading(environment, logger, stop.signal, lead);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await health.close();
    store.client.close();
  }

  async function whileLeading(
    { namespace, podName, leaderElection }: Environment,
    log: Logger,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (!leaderElection) return await work(signal);
    const options = { store, namespace, name: workloads.operator, identity: podName, logger: log };
    await new LeaderElection(options).run(signal, work);
  }
}

exitAfter(main(), 'the operator');
