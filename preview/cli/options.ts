/** What the command line says. */
export interface Options {
  base?: string;
  from?: string;
  log?: string;
  stack: string;
  cwd: string;
  config: string[];
  project: string[];
  output?: string;
  json: boolean;
}
