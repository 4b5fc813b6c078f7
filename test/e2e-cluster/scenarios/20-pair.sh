# a pair on two nodes, programs that know nothing of SMC, mode privileged: SMC-R across the wire, proven by smc-bench
pair apps privileged
