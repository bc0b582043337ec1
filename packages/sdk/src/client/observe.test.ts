import { expect, onTestFinished, test, vi } from 'vitest';
import { hostInit, memoryPlugin, serve, vspClient } from '../host/testing.ts';
import { type ObservedCall, observeCalls } from './observe.ts';

function observed() {
  const calls: ObservedCall[] = [];
  const end = observeCalls((call) => calls.push(call));
  onTestFinished(end);
  return { calls, end };
}
const methods = (calls: ObservedCall[]) => calls.map(({ path, code }) => `${path.split('/')[2]} ${code}`);

test('calls are told with what was asked and answered, also those that fail, until nobody listens', async () => {
  const { socketPath } = await serve(memoryPlugin());
  const client = vspClient(socketPath);
  const { calls, end } = observed();
  await expect(client.getDevices()).rejects.toThrow();
  await client.init(hostInit);
  expect(methods(calls)).toEqual(['GetDevices FAILED_PRECONDITION', 'Init OK']);
  expect(calls[0]).toMatchObject({ target: socketPath, message: expect.stringContaining('Init') });
  expect(calls[1]).toMatchObject({ request: hostInit, response: { port: 50151 }, milliseconds: expect.any(Number) });
  end();
  await client.getDevices();
  expect(calls).toHaveLength(2);
});

test('each answer of a stream is told, the first with its time', async () => {
  let change = () => {};
  let healthy = true;
  const watchDevices = (onChange: () => void) => {
    change = onChange;
    return () => {};
  };
  const getDevices = async () => [{ id: 'vf0', healthy }];
  const { socketPath } = await serve(memoryPlugin({ getDevices, watchDevices }));
  const client = vspClient(socketPath);
  await client.init(hostInit);
  const { calls } = observed();
  onTestFinished(
    client.watchDevices(
      () => {},
      () => {},
    ),
  );
  await vi.waitFor(() => expect(methods(calls)).toEqual(['WatchDevices OK']));
  healthy = false;
  change();
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  expect(calls.map(({ milliseconds }) => typeof milliseconds)).toEqual(['number', 'undefined']);
});
