import type * as pulumi from "@pulumi/pulumi";
import { autoName } from "../identity/resourceName";
import type { Subject } from "../wiring/checks";
import { NAME_RULES } from "../wiring/names";

/** The name of a component's own Run service, and the options that keep it. */
export function runServiceName(
  subject: Subject,
  exact: pulumi.Input<string> | undefined,
  options: pulumi.CustomResourceOptions,
): ReturnType<typeof autoName> {
  const rule = NAME_RULES.runService;
  return autoName({ subject, child: subject.name, rule, exact, property: "serviceName" }, options);
}
