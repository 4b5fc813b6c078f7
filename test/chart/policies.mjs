// policies.mjs CHART.json: asks each policy of the chart about changes of objects, as an API server would.
import fs from 'node:fs';

const {evaluate} = await import(process.env.CEL);
const objects = fs.readFileSync(process.argv[2], 'utf8').split(/^(?=\{)/m).filter((text) => text.trim()).map((text) => JSON.parse(text));
const policy = (name) => objects.find(({kind, metadata}) => kind === 'ValidatingAdmissionPolicy' && metadata.name === `smc-webhook.${name}.smc-system.smc`);
const webhookObject = objects.find(({kind}) => kind === 'MutatingWebhookConfiguration');

let failed = 0;
let asked = 0;

// "not asked" where the policy is about somebody else, "allowed", or the message of what denies it.
function verdict({spec}, {object, oldObject, user, extra = {}}) {
  const context = {object, oldObject, request: {userInfo: {username: user, extra}}, variables: {}};
  if (!spec.matchConditions.every(({expression}) => evaluate(expression, context))) return 'not asked';
  for (const {name, expression} of spec.variables ?? []) context.variables[name] = evaluate(expression, context);
  const denied = spec.validations.find(({expression}) => !evaluate(expression, context));
  if (!denied) return 'allowed';
  return denied.message ?? evaluate(denied.messageExpression, context);
}

function expect(what, expected, policy, request) {
  ++asked;
  const got = verdict(policy, request);
  if (got === expected || (expected instanceof RegExp && expected.test(got))) return;
  ++failed;
  console.log(`${what}: ${got}, and not ${expected}`);
}

const changed = (object, change) => {
  const copy = structuredClone(object);
  change(copy);
  return copy;
};

// The webhook and its webhook object
{
  const user = 'system:serviceaccount:smc-system:smc-smc-webhook';
  const oldObject = changed(webhookObject, (o) => { o.webhooks[0].clientConfig.caBundle = 'QQ=='; });
  const asks = (what, expected, change, more = {}) =>
    expect(`webhook object, ${what}`, expected, policy('webhook'), {object: changed(oldObject, change), oldObject, user, ...more});
  asks('another caBundle', 'allowed', (o) => { o.webhooks[0].clientConfig.caBundle = 'Qg=='; });
  asks('the first caBundle', 'allowed', () => {}, {oldObject: webhookObject});
  asks('by somebody else', 'not asked', (o) => { o.webhooks[0].rules = []; }, {user: 'admin'});
  const denied = /nothing of its webhook object but caBundle/;
  for (const [field, value] of Object.entries({
    rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}], failurePolicy: 'Fail', matchPolicy: 'Exact',
    namespaceSelector: {}, objectSelector: {matchLabels: {a: 'b'}}, sideEffects: 'Some', timeoutSeconds: 30,
    admissionReviewVersions: ['v1beta1'], reinvocationPolicy: 'Never', matchConditions: [],
  })) asks(`another ${field}`, denied, (o) => { o.webhooks[0][field] = value; });
  asks('no matchConditions', denied, (o) => { delete o.webhooks[0].matchConditions; });
  asks('another Service', denied, (o) => { o.webhooks[0].clientConfig.service.name = 'mine'; });
  asks('a URL', denied, (o) => { o.webhooks[0].clientConfig = {url: 'https://mine.test', caBundle: 'QQ=='}; });
  asks('one more webhook', denied, (o) => { o.webhooks.push({...structuredClone(o.webhooks[0]), name: 'second.test'}); });
  asks('no webhook', denied, (o) => { o.webhooks = []; });
  asks('a label', /no labels/, (o) => { o.metadata.labels.mine = 'x'; });
  asks('an annotation', /no annotations/, (o) => { o.metadata.annotations = {mine: 'x'}; });
  asks('a finalizer', /no finalizers/, (o) => { o.metadata.finalizers = ['mine.test/x']; });
  asks('an owner', /no ownerReferences/, (o) => { o.metadata.ownerReferences = [{name: 'x'}]; });
  asks("another's object", /its own webhook object only/, (o) => { o.metadata.name = 'istio-sidecar-injector'; });
}

// The webhook and Secrets
{
  const user = 'system:serviceaccount:smc-system:smc-smc-webhook';
  const secret = {metadata: {name: 'smc-smc-webhook-ca', namespace: 'smc-system'}, type: 'Opaque'};
  const asks = (what, expected, change, by = user) =>
    expect(`Secret, ${what}`, expected, policy('secret'), {object: changed(secret, change), oldObject: null, user: by});
  asks('of its CA', 'allowed', () => {});
  asks('of a token', /no Secret but the one of its CA/, (o) => { o.type = 'kubernetes.io/service-account-token'; });
  asks('of another name', /no Secret but the one of its CA/, (o) => { o.metadata.name = 'mine'; });
  asks('by somebody else', 'not asked', (o) => { o.metadata.name = 'mine'; }, 'admin');
}

// An agent and Nodes
{
  const user = 'system:serviceaccount:smc-system:smc-smc-webhook-agent';
  const extra = {'authentication.kubernetes.io/node-name': ['node1']};
  const node = {metadata: {name: 'node1', labels: {zone: 'a'}, annotations: {other: 'x'}}, spec: {podCIDR: '10.0.0.0/24'}};
  const asks = (what, expected, change, more = {}) =>
    expect(`Node, ${what}`, expected, policy('agent'), {object: changed(node, change), oldObject: node, user, extra, ...more});
  const key = 'smc.asm.alibabacloud.com/erdma';
  asks('our label', 'allowed', (o) => { o.metadata.labels[key] = 'true'; });
  asks('our annotation', 'allowed', (o) => { o.metadata.annotations['smc.asm.alibabacloud.com/node'] = 'ready'; });
  asks('of another node', /its own Node only, not node2/, (o) => { o.metadata.name = 'node2'; });
  asks('with a token of no node', /its own Node only/, () => {}, {extra: {}});
  asks('another label', /no labels but/, (o) => { o.metadata.labels.zone = 'b'; });
  asks('without a label', /no labels but/, (o) => { delete o.metadata.labels.zone; });
  asks('another annotation', /no annotations but/, (o) => { o.metadata.annotations.mine = 'x'; });
  const denied = /labels, annotations and taints only/;
  asks('cordoned', denied, (o) => { o.spec.unschedulable = true; });
  asks('without a field', denied, (o) => { delete o.spec.podCIDR; });
  asks('another field', denied, (o) => { o.spec.podCIDR = '10.1.0.0/24'; });
  asks('a finalizer', denied, (o) => { o.metadata.finalizers = ['mine.test/x']; });

  const ours = {key: 'smc.asm.alibabacloud.com/agent-not-ready', effect: 'NoSchedule'};
  const gpu = {key: 'gpu', value: 'yes', effect: 'NoSchedule'};
  const batch = {key: 'batch', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z'};
  const tainted = (taints) => changed(node, (o) => { o.spec.taints = taints; });
  const taints = (what, expected, before, after, change = () => {}) =>
    asks(what, expected, (o) => { o.spec = {...o.spec}; if (after) o.spec.taints = after; change(o); }, {oldObject: before ? tainted(before) : node});
  taints('our taint off', 'allowed', [ours], null);
  taints('our taint off, an empty list left', 'allowed', [ours], []);
  taints('our taint off, the others left', 'allowed', [gpu, ours, batch], [gpu, batch]);
  taints('our taint left', 'allowed', [gpu, ours], [gpu, ours], (o) => { o.metadata.labels[key] = 'true'; });
  taints('our taint off with the label', 'allowed', [ours], null, (o) => { o.metadata.labels[key] = 'true'; });
  const other = /the taint smc.asm.alibabacloud.com\/agent-not-ready off, and change no other/;
  taints('a taint', other, null, [batch]);
  taints('our taint on', other, null, [ours]);
  taints('another taint off', other, [gpu, ours], [ours]);
  taints('another taint off with ours', other, [gpu, ours], []);
  taints('another taint changed', other, [gpu], [{...gpu, value: 'no'}]);
  taints('another taint in place of ours', other, [ours], [gpu]);
  taints('taints in another order', other, [gpu, batch], [batch, gpu]);
  taints('our key of another effect off', other, [{...ours, effect: 'NoExecute'}], null);
  taints('our taint off and the node cordoned', denied, [ours], null, (o) => { o.spec.unschedulable = true; });
}

console.log(failed ? `${failed} of ${asked} wrong` : `${asked} changes judged as they should be`);
process.exit(failed ? 1 : 0);
