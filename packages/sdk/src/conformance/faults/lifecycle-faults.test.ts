/** What is wrong with a VSP's life and what it says of itself on the wire, and the checks that find it. */
import { test } from 'vitest';
import { findsFault, refusing, type WireFault } from '../testing/wire-faults.ts';

type Info = { capabilities: string[] };

const uplink = { type: 'Uplink', status: 'CONDITION_STATUS_FALSE', reason: 'NoCarrier', message: 'check the cable' };

const lifecycle: WireFault[] = [
  [
    'answers before Init',
    { tampers: { Ping: async () => ({ timestamp: '1790000000000000000', responderId: 'x' }) } },
    ['lifecycle.before-init'],
  ],
  [
    'does not know its contract before Init',
    () => {
      let isInitialised = false;
      return {
        tampers: {
          Init: async (_, forward) => {
            isInitialised = true;
            return forward();
          },
          GetPluginInfo: async (_, forward) => ({
            ...(await forward()),
            ...(!isInitialised && { contractVersion: '' }),
          }),
        },
      };
    },
    'lifecycle.info-before-init',
  ],
  [
    'answers Inits at the same time differently',
    () => {
      let inits = 0;
      return {
        tampers: {
          Init: async (_, forward) => {
            inits++;
            const answer = await forward();
            const atOnce = inits--;
            return { ...answer, port: 50_151 + (atOnce > 1 ? atOnce : 0) };
          },
        },
      };
    },
    ['lifecycle.init-concurrent'],
  ],
  [
    'listens somewhere else after each Init',
    () => {
      let port = 50_151;
      return { tampers: { Init: async (_, forward) => ({ ...(await forward()), port: port++ }) } };
    },
    'lifecycle.init-repeat',
  ],
  [
    'counts its devices again in each Init',
    () => {
      let inits = 0;
      return {
        tampers: {
          Init: async (_, forward) => {
            inits++;
            return forward();
          },
          GetDevices: async (_, forward) => {
            const { devices } = (await forward()) as { devices: Record<string, { ID: string }> };
            const renamed = Object.values(devices).map((device) => [`${device.ID}-${inits}`, device] as const);
            return { devices: Object.fromEntries(renamed.map(([ID, device]) => [ID, { ...device, ID }])) };
          },
        },
      };
    },
    'lifecycle.init-repeat',
  ],
  [
    'has no port for the daemon',
    { tampers: { Init: async (_, forward) => ({ ...(await forward()), port: 0 }) } },
    ['lifecycle.init-answer'],
  ],
  [
    'serves the other side as well',
    { tampers: { Init: async (request: object, forward) => forward({ ...request, dpuMode: true }) } },
    ['lifecycle.wrong-mode'],
  ],
  [
    'serves another DPU as well',
    { tampers: { Init: async (request: object, forward) => forward({ ...request, dpuIdentifier: 'conformance' }) } },
    ['lifecycle.wrong-identifier'],
  ],
  [
    'takes an Init that failed for the only one',
    () => {
      let hasFailed = false;
      return {
        reads: {
          Init: (bytes, decode) => {
            try {
              return decode(bytes);
            } catch (error) {
              hasFailed = true;
              throw error;
            }
          },
        },
        tampers: {
          Init: async (_, forward) =>
            hasFailed ? refusing('FAILED_PRECONDITION', 'an Init has failed, restart me')() : forward(),
        },
      };
    },
    'lifecycle.init-after-failure',
  ],
  [
    'pings without a name',
    { tampers: { Ping: async (_, forward) => ({ ...(await forward()), responderId: '' }) } },
    ['lifecycle.ping'],
  ],
  [
    'keeps a capability to itself',
    {
      tampers: {
        GetPluginInfo: async (_, forward) => {
          const info = (await forward()) as Info;
          return { ...info, capabilities: info.capabilities.filter((name) => name !== 'CAPABILITY_NETWORK_CONFIG') };
        },
      },
    },
    ['lifecycle.capabilities'],
  ],
  [
    'serves a method less than it announces',
    { tampers: { UpdateLogicalBridge: refusing('UNIMPLEMENTED', 'not yet') } },
    ['lifecycle.methods'],
  ],
  ['has the names of older images only', { vendorNames: true }, 'lifecycle.names'],
];

const status: WireFault[] = [
  ['fails to say its status', { tampers: { WatchStatus: refusing('INTERNAL', 'a bug') } }, 'lifecycle.status-first'],
  [
    'says a condition twice',
    { tampers: { WatchStatus: async (_, forward) => ({ ...(await forward()), conditions: [uplink, uplink] }) } },
    'lifecycle.status-bounds',
  ],
  [
    'begins its progress with a name',
    { tampers: { WatchProgress: async () => ({ names: ['bridgePorts/host0-0'] }) } },
    'lifecycle.progress-first',
  ],
  [
    'is well for its heartbeat alone',
    {
      tampers: {
        WatchStatus: async (_, forward) => ({ ...(await forward()), conditions: [{ ...uplink, type: 'Healthy' }] }),
      },
    },
    'lifecycle.status-health',
  ],
];

test.each([...lifecycle, ...status])('a VSP that %s is found out', (_name, broken, expected) =>
  findsFault(broken, expected),
);
