// The root filesystem and what is mounted in it.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Filesystem : public ContainerTest {
 protected:
  void add_mount(const json& mount) { config["mounts"].push_back(mount); }
  json bind(const std::string& source, const std::string& destination,
            std::vector<std::string> options) {
    return {{"destination", destination},
            {"type", "bind"},
            {"source", source},
            {"options", std::move(options)}};
  }
  std::string options_of(const std::string& target) {
    return output_of("awk '$2==\"" + target + "\" {print $4}' /proc/mounts | tail -1");
  }
};

TEST_F(Filesystem, NothingOfTheHostIsMounted) {
  EXPECT_THAT(output_of("cat /proc/self/mountinfo"), Not(HasSubstr("/old")));
  EXPECT_EQ(output_of("awk '{print $2}' /proc/mounts | head -1; ls / | tr '\\n' ' '"),
            "/\nbin dev etc proc root sys tmp ");
}

TEST_F(Filesystem, TheRootIsReadOnlyWhenAskedFor) {
  EXPECT_EQ(run_script("touch /x").status, 1);
  config["root"]["readonly"] = false;
  EXPECT_EQ(run_script("touch /x").status, 0);
  EXPECT_TRUE(fs::exists(rootfs("/x")));
}

TEST_F(Filesystem, DefaultDevicesAreThereAndWork) {
  EXPECT_EQ(output_of("for d in null zero full random urandom tty; do stat -c '%t:%T %a' /dev/$d; "
                      "done"),
            "1:3 666\n1:5 666\n1:7 666\n1:8 666\n1:9 666\n5:0 666");
  EXPECT_EQ(output_of("for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done"),
            "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx");
  EXPECT_EQ(output_of("head -c 4 /dev/zero | wc -c; echo x > /dev/null; echo $?"), "4\n0");
}

TEST_F(Filesystem, ConfiguredDevicesAreMade) {
  config["linux"]["devices"] = {{{"path", "/dev/net/mine"},
                                 {"type", "c"},
                                 {"major", 10},
                                 {"minor", 200},
                                 {"fileMode", 416},
                                 {"uid", 3},
                                 {"gid", 4}},
                                {{"path", "/dev/pipe"}, {"type", "p"}}};
  EXPECT_EQ(output_of("stat -c '%t:%T %a %u %g' /dev/net/mine; stat -c %F /dev/pipe"),
            "a:c8 640 3 4\nfifo");
}

TEST_F(Filesystem, InAUserNamespaceDevicesAreBound) {
  map_users(100000, 65536);
  EXPECT_EQ(output_of("stat -c '%t:%T' /dev/null; echo x > /dev/null; echo $?"), "1:3\n0");
}

TEST_F(Filesystem, MaskedPathsShowNothing) {
  config["linux"]["maskedPaths"] = {"/proc/timer_list", "/sys/firmware", "/proc/nosuch", "/etc"};
  EXPECT_EQ(output_of("wc -c < /proc/timer_list; ls /sys/firmware | wc -l; ls /etc | wc -l"),
            "0\n0\n0");
  EXPECT_EQ(run_script("touch /etc/x").status, 1);
}

TEST_F(Filesystem, ReadOnlyPathsRefuseWrites) {
  grant_all_capabilities();
  EXPECT_EQ(output_of("echo x 2>/dev/null > /proc/sys/kernel/hostname || echo refused"), "refused");
  config["root"]["readonly"] = false;
  config["linux"]["readonlyPaths"] = {"/etc", "/etc/passwd"};
  EXPECT_EQ(output_of("touch /etc/x 2>/dev/null || echo refused; touch /ok && echo fine"),
            "refused\nfine");
}

TEST_F(Filesystem, BindMountsShowTheHostsFilesWithTheirOptions) {
  fs::create_directory(folder + "/data");
  write_text(folder + "/data/file", "hello\n");
  add_mount(bind(folder + "/data", "/data", {"bind", "ro", "nosuid", "nodev", "noexec"}));
  config["root"]["readonly"] = false;
  EXPECT_EQ(output_of("cat /data/file; touch /data/x 2>/dev/null || echo refused"),
            "hello\nrefused");
  EXPECT_THAT(options_of("/data"), HasSubstr("ro,nosuid,nodev,noexec"));
}

TEST_F(Filesystem, AFileIsBoundOnAFileThatIsMadeForIt) {
  write_text(folder + "/file", "one file\n");
  add_mount(bind(folder + "/file", "/etc/deep/er/file", {"rbind", "rw"}));
  EXPECT_EQ(output_of("cat /etc/deep/er/file"), "one file");
}

TEST_F(Filesystem, ARelativeSourceCountsFromTheBundle) {
  fs::create_directory(folder + "/bundle/data");
  write_text(folder + "/bundle/data/file", "beside\n");
  add_mount(bind("data", "/data", {"bind"}));
  EXPECT_EQ(output_of("cat /data/file"), "beside");
}

TEST_F(Filesystem, RecursiveReadOnlyReachesTheMountsBelow) {
  fs::create_directories(folder + "/tree/below");
  ASSERT_EQ(::mount("tmpfs", (folder + "/tree/below").c_str(), "tmpfs", 0, nullptr), 0);
  add_mount(bind(folder + "/tree", "/plain", {"rbind", "ro"}));
  add_mount(bind(folder + "/tree", "/deep", {"rbind", "rro"}));
  const Ended ended =
      run_script("touch /plain/below/x && echo plain; touch /deep/below/x || echo deep");
  ::umount2((folder + "/tree/below").c_str(), MNT_DETACH);
  EXPECT_EQ(ended.out, "plain\ndeep\n") << ended.err;
}

TEST_F(Filesystem, IdMappedMountsShiftOwners) {
  const MappableFolder owned{folder + "/owned"};
  write_text(folder + "/owned/file", "x");
  ASSERT_EQ(::chown((folder + "/owned/file").c_str(), 5, 5), 0);
  json mount = bind(folder + "/owned", "/owned", {"bind", "idmap"});
  mount["uidMappings"] = {{{"containerID", 0}, {"hostID", 1000}, {"size", 100}}};
  mount["gidMappings"] = mount["uidMappings"];
  add_mount(mount);
  EXPECT_EQ(output_of("stat -c '%u %g' /owned/file"), "1005 1005");
}

TEST_F(Filesystem, TmpcopyupKeepsWhatTheTmpfsCovers) {
  fs::create_directories(rootfs("/srv/dir"));
  write_text(rootfs("/srv/dir/file"), "kept\n");
  fs::create_symlink("dir/file", rootfs("/srv/link"));
  ASSERT_EQ(::chown(rootfs("/srv/dir/file").c_str(), 12, 13), 0);
  ASSERT_EQ(::chmod(rootfs("/srv/dir/file").c_str(), 04755), 0);
  add_mount({{"destination", "/srv"},
             {"type", "tmpfs"},
             {"source", "tmpfs"},
             {"options", {"tmpcopyup", "ro"}}});
  EXPECT_EQ(output_of("cat /srv/link; stat -c '%u %g %a' /srv/dir/file; stat -f -c %T /srv; touch "
                      "/srv/x 2>/dev/null || echo refused"),
            "kept\n12 13 4755\ntmpfs\nrefused");
}

TEST_F(Filesystem, PropagationOfMountsAndOfTheRoot) {
  fs::create_directory(folder + "/shared");
  ASSERT_EQ(::mount("tmpfs", (folder + "/shared").c_str(), "tmpfs", 0, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, (folder + "/shared").c_str(), nullptr, MS_SHARED, nullptr), 0);
  add_mount(bind(folder + "/shared", "/slave", {"rbind", "rslave"}));
  add_mount(bind(folder + "/shared", "/private", {"rbind", "rprivate"}));
  config["linux"]["rootfsPropagation"] = "private";
  const Ended ended = run_script(
      "grep -E ' /(slave|private) ' /proc/self/mountinfo; grep ' / / ' "
      "/proc/self/mountinfo");
  ::umount2((folder + "/shared").c_str(), MNT_DETACH);
  EXPECT_THAT(ended.out, HasSubstr("master:")) << ended.err;
  EXPECT_THAT(ended.out, Not(HasSubstr("shared:")));
}

TEST_F(Filesystem, WithoutPivotTheRootIsMoved) {
  write_config();
  config["process"]["args"] = {"sh", "-c", "ls /; grep -c . /proc/self/mountinfo"};
  write_config();
  const Ended ended = boxrun({"run", "--no-pivot", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("bin\ndev\netc\n"));
}

TEST_F(Filesystem, AnUnknownFilesystemIsNamed) {
  add_mount({{"destination", "/mnt"}, {"type", "nosuchfs"}, {"source", "x"}});
  const Ended ended = run();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err,
              HasSubstr("error: /mounts/7: mount nosuchfs on /mnt: mount(\"x\", \"<rootfs>/mnt\", "
                        "\"nosuchfs\", 0x0, \"\"): No such device (ENODEV)"));
  EXPECT_THAT(ended.err, HasSubstr("hint: the kernel does not know the filesystem \"nosuchfs\""));
}

}  // namespace
}  // namespace boxrun::tests
