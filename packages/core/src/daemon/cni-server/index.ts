export { CniServer, type CniServerOptions } from './cni-server.ts';
