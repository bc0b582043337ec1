export { HostDataPath, type HostDataPathOptions } from './host-data-path.ts';
