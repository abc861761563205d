import * as iam from "@pulumi/gcp/iam";
import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const project = new pulumi.Config("gcp").require("project");
/** Numbers, since names can be given up and taken by somebody else. */
const repository = config.require("repositoryId");
const environment = config.require("environment");
const branch = config.require("branch");

/** The preview reads resources and their policies, and changes nothing. */
const PREVIEW_ROLES = ["roles/viewer", "roles/iam.securityReviewer"];
/**
 * Whoever sets policies on a project can give themselves anything on it: this is an owner in all but name, which is
 * why nothing but the protected environment becomes it.
 */
const DEPLOY_ROLES = ["roles/editor", "roles/iam.securityAdmin"];

const pool = new iam.WorkloadIdentityPool("github", {
  workloadIdentityPoolId: "github",
  displayName: "GitHub Actions",
});

// A provider each: a token without the claims that a condition names is refused by it. Neither looks at `sub`, which is
// written in two ways (https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens).
const previewer = identity("preview", {
  attribute: "pull_requests_of",
  value: "assertion.repository_id",
  condition: `assertion.repository_id == "${repository}" && assertion.event_name == "pull_request"`,
  member: repository,
  roles: PREVIEW_ROLES,
});
const deployer = identity("deploy", {
  attribute: "environment",
  value: "assertion.environment",
  condition: [
    `assertion.repository_id == "${repository}"`,
    `assertion.environment == "${environment}"`,
    `assertion.ref == "refs/heads/${branch}"`,
  ].join(" && "),
  member: environment,
  roles: DEPLOY_ROLES,
});

/** What the workflows give to google-github-actions/auth. */
export const preview = { workload_identity_provider: previewer.provider, service_account: previewer.email };
export const deploy = { workload_identity_provider: deployer.provider, service_account: deployer.email };

interface Identity {
  readonly attribute: string;
  readonly value: string;
  readonly condition: string;
  readonly member: string;
  readonly roles: readonly string[];
}

/** An account, and who on GitHub may act as it. */
function identity(name: string, { attribute, value, condition, member, roles }: Identity) {
  const provider = new iam.WorkloadIdentityPoolProvider(name, {
    workloadIdentityPoolId: pool.workloadIdentityPoolId,
    workloadIdentityPoolProviderId: name,
    attributeMapping: { "google.subject": "assertion.sub", [`attribute.${attribute}`]: value },
    attributeCondition: condition,
    oidc: { issuerUri: "https://token.actions.githubusercontent.com" },
  });
  const account = new serviceaccount.Account(name, { accountId: `github-${name}` });
  new serviceaccount.IAMMember(name, {
    serviceAccountId: account.name,
    role: "roles/iam.workloadIdentityUser",
    member: pulumi.interpolate`principalSet://iam.googleapis.com/${pool.name}/attribute.${attribute}/${member}`,
  });
  for (const role of roles) {
    new projects.IAMMember(`${name}-${role.replace("roles/", "")}`, {
      project,
      role,
      member: account.member,
    });
  }
  return { provider: provider.name, email: account.email };
}
