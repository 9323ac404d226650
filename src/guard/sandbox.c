// sandbox.c - see sandbox.h. The filter is made by hand from the kernel's headers: a compare for
// each call.
#include "guard/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

// What ends the process: only somebody who has taken it over would call these.
static const unsigned deadly[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_init_module,
    SYS_finit_module,
    SYS_kexec_load,
    SYS_mount,
    SYS_umount2,
    SYS_chroot,
    SYS_pivot_root,
    SYS_unshare,
    SYS_setns,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setresuid,
    SYS_bpf,
    SYS_reboot,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
};

// What it needs: files and sockets that it may open by the rights of its user, memory, locks, time.
static const unsigned needed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_lseek,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_brk,
    SYS_madvise,
    SYS_futex,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_listen,
    SYS_getsockname,
    SYS_getpeername,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_shutdown,
    SYS_openat,
    SYS_faccessat,
    SYS_fcntl,
    SYS_ftruncate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_renameat,
    SYS_renameat2,
    SYS_unlinkat,
    SYS_flock,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_uname,
    SYS_sysinfo,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_exit,
    SYS_exit_group,
    SYS_tgkill,
    SYS_set_robust_list,
    SYS_restart_syscall,
    SYS_prlimit64,
    SYS_ioctl,
    SYS_pipe2,
    SYS_dup,
    SYS_dup3,
    SYS_getcwd,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_open  // older names of the same, which not every processor has
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_poll,
    SYS_select,
    SYS_epoll_wait,
    SYS_epoll_create,
    SYS_rename,
    SYS_unlink,
    SYS_readlink,
    SYS_pipe,
    SYS_dup2,
    SYS_time,
    SYS_getrlimit,
#endif
};

enum {
    DEADLY = sizeof deadly / sizeof deadly[0],
    NEEDED = sizeof needed / sizeof needed[0],
    FILTER_MAX = 8 + 2 * (DEADLY + NEEDED)
};

static struct sock_filter load(size_t at) {
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)at);
}

static struct sock_filter answer(uint32_t what) {
    return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what);
}

// If it is this number go on, else pass over one.
static struct sock_filter only(uint32_t number) {
    return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
}

static uint16_t make_filter(struct sock_filter out[FILTER_MAX]) {
    uint16_t n = 0;
    out[n++] = load(offsetof(struct seccomp_data, arch));
    out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    out[n++] = answer(SECCOMP_RET_KILL_PROCESS);  // calls by another processor's numbers
    out[n++] = load(offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < NEEDED; i++) {
        out[n++] = only(needed[i]);
        out[n++] = answer(SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < DEADLY; i++) {
        out[n++] = only(deadly[i]);
        out[n++] = answer(SECCOMP_RET_KILL_PROCESS);
    }
    // Naming a thread is all that it asks of prctl; a new thread is refused so that libc says so.
    out[n++] = answer(SECCOMP_RET_ERRNO | EPERM);
    return n;
}

static void set_limits(void) {
    static const struct {
        int what;
        rlim_t most;
    } limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 128}, {RLIMIT_FSIZE, (rlim_t)1 << 28}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rlimit both = {limits[i].most, limits[i].most};
        setrlimit((__rlimit_resource_t)limits[i].what, &both);
    }
}

bool ls_guard_sandbox_enter(char *why, size_t size) {
#ifdef SANITIZED
    ls_text_format(why, size, "no sandbox: a build with a sanitizer needs more than it allows");
    return false;
#endif
    struct sock_filter filter[FILTER_MAX];
    const struct sock_fprog program = {.len = make_filter(filter), .filter = filter};
    set_limits();
    if (ARCH == 0) {
        ls_text_format(why, size, "no sandbox: not made for this processor");
        return false;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
        ls_text_format(why, size, "no sandbox: the kernel refuses the filter: %s",
                       ls_errno_text(errno));
        return false;
    }
    return true;
}
