// What others may change in our container without it being ours to undo. The README's table is held
// against it by a test. Constant data.
#pragma once

#include <array>
#include <string_view>

namespace smc::webhook {

struct Tolerated {
  std::string_view field;   // of the container
  std::string_view change;  // what may stand there
  std::string_view who;     // puts it there
  std::string_view why;     // it is left
};

inline constexpr std::array kTolerated = {
    Tolerated{"image", "another registry, or a digest, of the same image",
              "registry mirrors, digest pinning",
              "only from `initContainer.trustedRegistries`: what runs privileged is the "
              "configuration's to say"},
    Tolerated{"imagePullPolicy", "`Always`", "AlwaysPullImages, policy engines",
              "it is stricter, and the API server refuses the pod if it is put back"},
    Tolerated{"resources", "resources that the pod's annotation `kubernetes.io/limit-ranger` names",
              "LimitRanger", "it refuses a container without"},
    Tolerated{"securityContext", "`seccompProfile: RuntimeDefault`", "policy engines",
              "mode `privileged`: runtimes do not apply it to such a container"},
    Tolerated{"securityContext", "`allowPrivilegeEscalation: true`", "PodSecurityPolicy, OpenShift",
              "mode `privileged`: such a container has it anyway"},
    Tolerated{"securityContext", "`privileged: false`, more in `capabilities.drop`",
              "policy engines", "mode `agent`: it has none of that anyway"},
    Tolerated{"volumeMounts", "the service account's token, read-only at its place",
              "ServiceAccount", "every container has it; ours does not read it"},
    Tolerated{"terminationMessagePath", "the default; so `fieldRef.apiVersion`, `procMount`",
              "the API server", "it is what nothing there means"},
};

}  // namespace smc::webhook
