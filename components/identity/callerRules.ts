import { sendsAccessTokens, TokenAgent } from "../wiring/agents";
import type { Subject } from "../wiring/checks";
import { checkedNow, oneOf, refuse } from "../wiring/checks";
import type { CallerIdentityArgs } from "./CallerIdentity";

/** Refuses arguments that contradict each other. */
export function checkTogether(subject: Subject, args: CallerIdentityArgs): void {
  const agents = args.agents ?? Object.values(TokenAgent);
  for (const agent of agents) checkedNow(subject, "agents", agent, oneOf(TokenAgent));
  const twice = agents.find((agent, index) => agents.indexOf(agent) !== index);
  if (twice !== undefined) {
    refuse(subject, "agents", twice, { problem: "is there twice", remedy: "Name each agent once" });
  }
  for (const property of ["accountId", "displayName", "description"] as const) {
    if (args.existingEmail !== undefined && args[property] !== undefined) {
      refuse(subject, property, args[property], {
        problem: "is given together with existingEmail, but nothing is made that could have it",
        remedy: "Leave one of the two out",
      });
    }
  }
  for (const property of ["customRole", "accessTokens", "tasksActAs", "createPubSubAgent"] as const) {
    if (args[property] === true && !grantsMinting(args)) {
      refuse(subject, property, true, {
        problem: "is given, but no minting grant is made that it could go with",
        remedy: `Say mintingGrants: true, or leave ${property} out`,
      });
    }
  }
  if (args.accessTokens === true && !agents.some(sendsAccessTokens)) {
    refuse(subject, "accessTokens", true, {
      problem: "is given, but Pub/Sub, the only one among the agents, sends none",
      remedy: "Name Scheduler or Tasks there, or leave accessTokens out",
    });
  }
  if (args.tasksActAs === true && !agents.includes(TokenAgent.Tasks)) {
    refuse(subject, "tasksActAs", true, {
      problem: "is given, but Tasks is not among the agents",
      remedy: "Name it there, or leave tasksActAs out",
    });
  }
}

/** Whether the agents are let mint here. */
export function grantsMinting(args: CallerIdentityArgs): boolean {
  return args.mintingGrants ?? args.existingEmail === undefined;
}
