/** Looks words up in the catalogue of the one language that the page was built in. */
import * as catalogue from 'catalogue';
import toRuntime from 'wuchale/runtime';

const runtime = toRuntime(catalogue);

export const getRuntime = () => runtime;
export const getRuntimeRx = getRuntime;
