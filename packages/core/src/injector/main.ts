/** The injector's process: reads the environment, opens the watches, serves the webhook, and ends on SIGTERM. */
import 'reflect-metadata';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitAfter } from '../exit-after.ts';
import { connectStore } from '../kube/client/connect.ts';
import { serveHealth } from '../kube/index.ts';
import { createLogger } from '../log.ts';
import { readCertificate, watchCertificate } from './certificate-files.ts';
import { Definitions } from './definitions.ts';
import { parseEnvironment } from './environment.ts';
import { LiveSettings } from './live-settings.ts';
import { serveWebhook } from './server.ts';

/** Milliseconds in which the Service's endpoints come to leave this pod out, after it was told to end. */
const lastCallsMs = 5_000;

async function main(): Promise<void> {
  const environment = parseEnvironment(process.env);
  const logger = createLogger(environment.logLevel);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

  const store = connectStore();
  const settings = new LiveSettings(store, environment.namespace, logger);
  const definitions = new Definitions(store, logger);
  let missing = ['the caches are being filled'];
  const health = await serveHealth({ port: environment.healthPort, notReady: () => missing });

  const certificate = await readCertificate(environment.certificateDirectory);
  await Promise.all([settings.start(stop.signal), definitions.start(stop.signal)]).catch((error) => {
    if (!stop.signal.aborted) throw error;
  });
  if (stop.signal.aborted) return;
  const server = await serveWebhook({
    port: environment.webhookPort,
    certificate,
    settings: () => settings.current,
    definitions,
    logger,
  });
  watchCertificate(
    {
      directory: environment.certificateDirectory,
      current: certificate,
      onChange: (changed) => server.use(changed),
      logger,
    },
    stop.signal,
  );
  missing = [];
  logger.info({ port: server.port }, 'serving');

  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  missing = ['it ends'];
  await sleep(lastCallsMs);
  await Promise.race([server.close(), sleep(lastCallsMs)]);
  await health.close();
  store.client.close();
}

exitAfter(main(), 'the injector');
