// openb_bound.h - no policy can allocate more than this of the pods that have come.
//
// Dual feasible functions u (Fekete and Schepers, 2001): whatever stands on one GPU has sizes x
// with sum u(x) at most 1. So of all pods the chosen ones have sum u at most the number of GPUs;
// their processors are at most those of the cluster. Each weighted sum of the two is one knapsack,
// whose fractional optimum is a bound; the least over many u and weights is taken. Kinds of GPUs,
// nodes, memory, and that pods come one by one, are left out: the true optimum is lower.
#pragma once

#include "import/openb.h"

// Of the first `count` arrivals, in % of the cluster's GPUs.
double openb_bound(const ls_openb_pods *arrivals, size_t count, const ls_cluster *cluster);
