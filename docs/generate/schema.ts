import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema";
import { breakingChanges } from "./schemaChanges";
import type { PackageSchema } from "./schemaChanges";
import * as components from "../../components";

const FOLDER = join(__dirname, "../../components");
const FILE = join(FOLDER, "schema.json");
const HELP = `npm run schema                writes components/schema.json: what other languages are told of the components
npm run schema -- --check     changes nothing; fails when the file is not what the components say
npm run schema -- --breaking  writes it although programs that use the package may break: for a new major version`;

function main(): number {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      breaking: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const before = existsSync(FILE) ? readFileSync(FILE, "utf8") : undefined;
  const schema = generated();
  const after = `${JSON.stringify(schema, undefined, 2)}\n`;
  const broken = before === undefined ? [] : breakingChanges(JSON.parse(before) as PackageSchema, schema);
  for (const change of broken) console.error(`components/schema.json: ${change}`);
  if (values.check) return check(before === after);
  if (broken.length > 0 && !values.breaking) {
    console.error(
      "Programs that use the package would break. For a new major version: npm run schema -- --breaking",
    );
    return 1;
  }
  writeFileSync(FILE, after);
  return 0;
}

function check(same: boolean): number {
  if (!same) {
    console.error(
      "components/schema.json is not what the components say; run npm run schema, and commit what it writes",
    );
  }
  return same ? 0 : 1;
}

/** As Pulumi's own plugin host makes it for `pulumi package get-schema ./components`. */
function generated(): PackageSchema {
  const manifest = JSON.parse(readFileSync(join(FOLDER, "package.json"), "utf8")) as {
    name: string;
    version: string;
    description: string;
  };
  const [namespace, name = ""] = manifest.name.replace("@", "").split("/");
  const classes = Object.entries(components).filter(([, value]) => typeof value === "function");
  const analyzer = new Analyzer(FOLDER, name, manifest, new Set(classes.map(([exported]) => exported)));
  const { components: found, typeDefinitions, dependencies } = analyzer.analyze();
  const { version, description } = manifest;
  const schema = generateSchema(name, version, description, found, typeDefinitions, dependencies, namespace);
  return JSON.parse(JSON.stringify(schema)) as PackageSchema;
}

process.exitCode = main();
