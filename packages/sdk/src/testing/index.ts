/**
 * For the tests of plugins, with any test runner: a machine made up of files and scripted programs, a clock that stands
 * still, and the plugin in its real host, called by the daemon's real client.
 */
export { cards, ordinaryServer } from './cards/index.ts';
export { type FakeClock, fakeClock } from './clock.ts';
export { type DetectOptions, detect } from './detect.ts';
export { type ExecCall, type ExecScript, type FakeExec, fakeExec, type ScriptedResult } from './exec.ts';
export type { FakeMachine, FakeNetdev, FakePciFunction, FakeSriov, FakeWire } from './machine.ts';
export { type FakePlatform, type FakePlatformOptions, fakePlatform } from './platform.ts';
export { type StartedPlugin, type StartPluginOptions, startPlugin } from './start-plugin.ts';
export { type FakeSysfs, fakeSysfs, openFakeSysfs } from './sysfs.ts';
