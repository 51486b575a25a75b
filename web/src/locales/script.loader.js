export { getRuntime, getRuntimeRx } from './page.loader';
