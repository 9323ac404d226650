// model_sign.c - `lineshaft model key`, `sign` and `verify`: who vouches for a version.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/json.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "ls_build.h"
#include "model/signature.h"

static const ls_option key_options[] = {
    {.name = "key",
     .letter = 'k',
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "the secret key (verify: the public one)",
     .says = "verify: that of 'signed-by' in the plant file",
     .reads = true},
    {0},
};
static const ls_option *const no_tables[] = {NULL};
static const ls_option *const sign_tables[] = {key_options, ls_model_version_options,
                                               ls_model_place_options, NULL};
static const ls_option *const verify_tables[] = {
    key_options, ls_model_version_options, ls_model_json_options, ls_model_place_options, NULL};

// A new file that nobody else may read from its first byte on; one that is there stays.
static ls_status write_secret(const char *path, const char *text, ls_error *err) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ls_fail_errno(err, path, "cannot make the file", errno);
    }
    const size_t size = strlen(text);
    size_t done = 0;
    int code = 0;
    while (done < size && code == 0) {
        const ssize_t now = write(fd, text + done, size - done);
        done += now > 0 ? (size_t)now : 0;
        code = now < 0 && errno != EINTR ? errno : 0;
    }
    if (code == 0 && fsync(fd) != 0) {
        code = errno;
    }
    close(fd);
    if (code != 0) {
        (void)unlink(path);
        return ls_fail_errno(err, path, "cannot write the file", code);
    }
    return LS_OK;
}

static int run_key(const ls_options *options) {
    const char *path = options->arguments[0];
    char secret[LS_SIGNATURE_LINE_MAX], public[LS_SIGNATURE_LINE_MAX], beside[4096];
    ls_error err = {0};
    const int size = snprintf(beside, sizeof beside, "%s.pub", path);
    ls_status status = size > 0 && (size_t)size < sizeof beside
                           ? LS_OK
                           : ls_fail(&err, LS_ERR_LIMIT, "the name of the key is too long");
    if (status == LS_OK && (access(path, F_OK) == 0 || access(beside, F_OK) == 0)) {
        ls_fail_at(&err, LS_ERR_INVALID, access(path, F_OK) == 0 ? path : beside, 0, 0,
                   "there is such a file already; a key is never written over");
        (void)ls_complain(&err);
        return LS_EXIT_USAGE;
    }
    if (status == LS_OK) {
        status = ls_signature_make_keys(secret, public, &err);
    }
    if (status == LS_OK) {
        status = write_secret(path, secret, &err);
    }
    memset(secret, 0, sizeof secret);
    if (status == LS_OK) {
        status = ls_file_write(beside, public, strlen(public), &err);
        if (status != LS_OK) {
            (void)unlink(path);
        }
    }
    if (status != LS_OK) {
        return ls_complain(&err);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    ls_buffer_printf(&out,
                     "%s is the secret key: keep it where versions are signed\n%s is the "
                     "public one: name it in the plant file, 'signed-by'\n",
                     path, beside);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

static ls_status pick(const ls_model_opened *o, const ls_options *options, uint32_t *out,
                      ls_error *err) {
    static ls_registry_stages stages;
    const ls_status status = ls_registry_stages_load(o->registry, o->plan->name, &stages, err);
    if (status == LS_OK && !ls_options_get(options, "version")->given && stages.challenger != 0) {
        *out = stages.challenger;  // what waits for its signature
        return LS_OK;
    }
    return status == LS_OK ? ls_model_pick(o, options, &stages, out, err) : status;
}

static int tell(const char *model, uint32_t number, const char *what) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_buffer_printf(&out, "model %s, version %u: %s\n", model, number, what);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code;
}

// Who signs vouches for it, and is told what its gates said.
static void warn_of_gates(const ls_model_opened *o, uint32_t number) {
    ls_registry_version v;
    ls_error ignored = {0};
    if (ls_registry_peek(o->registry, o->plan->name, number, &v, &ignored) == LS_OK) {
        ls_model_warn_of_gates(&v);
    }
    ls_registry_version_clear(&v);
}

static int run_sign(const ls_options *options) {
    const ls_option_value *key = ls_options_get(options, "key");
    ls_model_opened o;
    ls_error err = {0};
    if (!key->given) {
        ls_fail(&err, LS_ERR_INVALID, "with which secret key? '--key FILE'");
        return ls_complain_usage(&err, "model sign");
    }
    ls_arena arena;
    uint32_t number = 0;
    char *secret = NULL;
    size_t size = 0;
    ls_arena_init(&arena);
    int code = ls_model_open(options, true, false, &o);
    if (code == LS_EXIT_DONE) {
        ls_status status = pick(&o, options, &number, &err);
        if (status == LS_OK) {
            status = ls_file_read(key->text, LS_SIGNATURE_LINE_MAX, &arena, &secret, &size, &err);
        }
        if (status == LS_OK) {
            warn_of_gates(&o, number);
            status = ls_registry_sign(o.registry, o.plan->name, number, secret, size, key->text,
                                      &err);
        }
        code = status == LS_OK ? tell(o.plan->name, number, "signed") : ls_complain(&err);
    }
    if (secret != NULL) {
        memset(secret, 0, size);
    }
    ls_arena_clear(&arena);
    ls_model_close(&o);
    return code;
}

static int tell_verified(const ls_options *options, const char *model, uint32_t number,
                         const ls_error *why) {
    const bool good = why->status == LS_OK;
    if (!ls_options_get(options, "json")->given) {
        const int code = tell(model, number,
                              good ? "signed by this key, and unchanged" : why->text);
        return code == LS_EXIT_DONE && !good ? LS_EXIT_NO : code;
    }
    ls_buffer out;
    ls_buffer_init(&out);
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("model-verify/1"));
    json_object_set_new(object, "model", ls_json_text(model));
    json_object_set_new(object, "number", json_integer(number));
    json_object_set_new(object, "signed", json_boolean(good));
    json_object_set_new(object, "why", good ? json_null() : ls_json_text(why->text));
    ls_json_print(object, &out);
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code == LS_EXIT_DONE && !good ? LS_EXIT_NO : code;
}

static int run_verify(const ls_options *options) {
    const ls_option_value *given = ls_options_get(options, "key");
    ls_model_opened o;
    ls_error err = {0};
    uint32_t number = 0;
    int code = ls_model_open(options, true, false, &o);
    if (code == LS_EXIT_DONE) {
        const char *key = given->given ? given->text : ls_model_key(&o);
        ls_status status = key != NULL
                               ? pick(&o, options, &number, &err)
                               : ls_fail(&err, LS_ERR_INVALID,
                                         "with which public key? '--key FILE', or 'signed-by' in "
                                         "the plant file");
        if (status != LS_OK) {
            code = ls_complain(&err);
        } else {
            ls_registry_version v;
            status = ls_registry_load_signed(o.registry, o.plan->name, number, key, &v, &err);
            ls_registry_version_clear(&v);
            err.status = status;
            code = status == LS_OK || status == LS_ERR_INVALID
                       ? tell_verified(options, o.plan->name, number, &err)
                       : ls_complain(&err);
        }
    }
    ls_model_close(&o);
    return code;
}

const ls_cli_command ls_command_model_key = {
    .name = "model key",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .about = "Makes a pair of keys to sign versions of models with",
    .example = "lineshaft model key release",
    .examples = "lineshaft model key /root/release && cp /root/release.pub plant/\n",
    .detail =
        "Ed25519. FILE gets the secret key, readable by its owner alone, FILE.pub the public "
        "one.\n",
    .tables = no_tables,
    .run = run_key,
};
const ls_cli_command ls_command_model_sign = {
    .name = "model sign",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Signs a version of a model: the challenger, unless '--version' says another",
    .example = "lineshaft model sign plant.yaml:wear --key release",
    .examples = "lineshaft model sign plant.yaml:wear --key release --version 3\n",
    .detail =
        "What is signed is the manifest, which names every part by its SHA-256. A version that is "
        "not\n"
        "what its manifest says is not signed; of one that did not pass its gates you are told. "
        "See\n"
        "'signed-by' in docs/PLANT.md.\n",
    .tables = sign_tables,
    .run = run_sign,
};
const ls_cli_command ls_command_model_verify = {
    .name = "model verify",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about =
        "Says whether a version is signed by a key, and unchanged since; exit code 1: it is not",
    .example = "lineshaft model verify plant.yaml:wear",
    .examples = "lineshaft model verify plant.yaml:wear --key release.pub --version 3 --json\n",
    .tables = verify_tables,
    .run = run_verify,
};
