/** The daemon's process: reads the environment, wires the classes, and ends on SIGTERM leaving attachments in place. */
import 'reflect-metadata';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { exec, Sysfs } from '@dpu-operator/sdk/linux';
import { container } from 'tsyringe';
import {
  cniServerSocket,
  daemonDirectory,
  daemonStartedFile,
  deviceInfoDirectory,
  devicePluginDirectories,
  podResourcesDirectory,
  resourceName,
  stateDirectory,
  vspDirectory,
  workloads,
} from '../api/index.ts';
import { exitAfter } from '../exit-after.ts';
import { connectStore } from '../kube/client/connect.ts';
import { collectProcessMetrics, EventRecorder, MetricsAccess, serveHealth, serveMetrics } from '../kube/index.ts';
import { ProcessLog } from '../log.ts';
import { x509 } from '../trust/x509/run.ts';
import { AttachEngine, AttachmentStore, DeviceHomes, Devices } from './attach/index.ts';
import { CniServer } from './cni-server/index.ts';
import { type NodeDirectories, parseConfig } from './config.ts';
import { Daemon, type StartCniServer } from './daemon.ts';
import { Ipam } from './ipam/index.ts';
import { PodResources } from './kubelet/pod-resources.ts';
import { lockNode } from './state/node-lock.ts';
import { tokens } from './tokens.ts';

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = new ProcessLog(config.logLevel);
  const { logger } = log;
  if (config.sysfs !== '/sys')
    logger.warn({ sysfs: config.sysfs }, 'DPU_SYSFS is set: cards are not those of this machine');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  // What nobody waited for is a bug; it must not take the pods' service down with it.
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a rejection was not handled'));

  mkdirSync(daemonDirectory, { recursive: true });
  // The kubelet makes it for the mount, readable by all.
  chmodSync(daemonDirectory, 0o700);
  try {
    await lockNode({
      directory: daemonDirectory,
      onWaiting: () => logger.warn('another daemon serves this node; waiting until it has ended'),
      signal: stop.signal,
    });
  } catch (error) {
    if (stop.signal.aborted) return;
    throw error;
  }
  const store = connectStore();
  const events = new EventRecorder(store, workloads.daemon, config.podName, logger);
  const attachments = new AttachmentStore({ directory: `${stateDirectory}/attachments`, logger });
  const allocations = new PodResources({
    socketPath: `${podResourcesDirectory(config.kubeletRoot)}/kubelet.sock`,
    resourcePrefix: resourceName,
    ownPod: { namespace: config.namespace, name: config.podName },
  });
  const homes = new DeviceHomes({ directory: `${stateDirectory}/device-homes`, logger });
  const startCniServer: StartCniServer = async (index, chains, linkWatch) => {
    const ipam = new Ipam({ exec, hostProcess: config.hostProcess });
    const engine = new AttachEngine({
      store: attachments,
      homes,
      index,
      exec,
      logger,
      chains,
      allocations,
      ipam,
      linkWatch,
      devices: new Devices(config.sysfs, '/sys'),
    });
    const server = new CniServer({ engine, socketPath: cniServerSocket, logger });
    try {
      engine.watch(stop.signal);
      await server.start();
    } catch (error) {
      engine.close();
      throw error;
    }
    // What an earlier daemon left half done must not hold up new pods.
    void engine.recover();
    return {
      retry: () => void engine.retry(),
      close: async () => {
        await server.close();
        engine.close();
      },
    };
  };
  const directories: NodeDirectories = {
    daemon: daemonDirectory,
    state: stateDirectory,
    devicePlugins: devicePluginDirectories(config.kubeletRoot),
    deviceInfo: `${deviceInfoDirectory}/dp`,
    vsp: vspDirectory,
  };
  container.registerInstance(tokens.config, config);
  container.registerInstance(tokens.directories, directories);
  container.registerInstance(tokens.log, log);
  container.registerInstance(tokens.store, store);
  container.registerInstance(tokens.events, events);
  container.registerInstance(tokens.sysfs, new Sysfs(config.sysfs));
  container.registerInstance(tokens.attachments, attachments);
  container.registerInstance(tokens.allocations, allocations);
  container.registerInstance(tokens.startCniServer, startCniServer);

  const daemon = container.resolve(Daemon);
  collectProcessMetrics();
  const metrics = {
    port: config.metricsPort,
    access: new MetricsAccess(store),
    makeCertificate: () => x509('makeServerCertificate', { name: config.nodeName }),
    others: () => daemon.vspMetrics(),
    logger,
  };
  void serveMetrics(metrics, stop.signal);
  const health = await serveHealth({ host: '127.0.0.1', port: config.healthPort, notReady: () => daemon.notReady() });
  writeFileSync(daemonStartedFile, '');
  try {
    await daemon.run(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await health.close();
    store.client.close();
  }
}

exitAfter(main(), 'the daemon');
