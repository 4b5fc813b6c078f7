# the same in a namespace that enforces restricted: no container has a privilege, the agent sets the namespaces up
pair strict agent

# What the kernel says of such a program: filtered system calls, no capability, parameters that it cannot write.
pod facts busybox:1 '["sh", "-c", "/busybox grep -E \"^(Seccomp|CapEff|NoNewPrivs):\" /proc/self/status; /busybox grep \" /proc/sys \" /proc/mounts"]' node1 |
  kubectl -n strict create -f -
await 120 "facts has ended" in_phase strict facts Succeeded
facts=$(kubectl -n strict logs facts -c app)
for fact in 'Seccomp:.2' 'CapEff:.0+$' 'NoNewPrivs:.1' '/proc/sys proc ro,'; do
  grep -qE "$fact" <<< "$facts" || fail "no $fact in: $facts"
done
set_up strict facts agent
kubectl -n strict delete pod facts
